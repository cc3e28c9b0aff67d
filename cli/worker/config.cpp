// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/config.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::worker {
namespace {

using nlohmann::ordered_json;

Error bad_model(std::string why)
{
  return Error{{.code = ErrorCode::invalid,
                .what = "cannot use model.json",
                .why = std::move(why),
                .hint = "write it as in PEcAn's models/template/model_info.json"}};
}

// As Python's "%s" shows it.
std::string to_name(const ordered_json& info, const char* key)
{
  const auto found = info.find(key);
  if (found == info.end() || !(found->is_string() || found->is_number())) {
    throw bad_model(fmt::format("it has no '{}'", key));
  }
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string find_url(const Environment& environment)
{
  if (const auto file = environment("RABBITMQ_URI_FILE"); file && !file->empty()) {
    return std::string{trim(read_file(*file, 4096))};
  }
  return environment("RABBITMQ_URI").value_or("amqp://guest:guest@rabbitmq/%2F");
}

std::chrono::seconds parse_patience(const std::string& text)
{
  int seconds = -1;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc{} || stop != end || seconds < 0) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use PECAN_WORKER_PATIENCE",
                 .why = fmt::format("'{}' is no number of seconds", text),
                 .hint = "leave it unset for 120; 0 waits for ever"}};
  }
  return std::chrono::seconds{seconds};
}

std::string read_model(const Environment& environment)
{
  const auto path = environment("PECAN_MODEL_JSON").value_or("./model.json");
  auto text = find_file(path);
  if (!text) {
    throw Error{
        {.code = ErrorCode::not_found,
         .what = fmt::format("cannot read {}", path),
         .why = "there is no such file",
         .hint = "a model image describes its model there; PECAN_MODEL_JSON names another path"}};
  }
  return std::move(*text);
}

}  // namespace

std::vector<std::string> split_arguments(std::string_view text)
{
  constexpr std::string_view k_blanks = " \t\n\r";
  std::vector<std::string> arguments;
  for (auto start = text.find_first_not_of(k_blanks); start != std::string_view::npos;) {
    const auto end = text.find_first_of(k_blanks, start);
    arguments.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    start = text.find_first_not_of(k_blanks, end);
  }
  return arguments;
}

ModelInfo parse_model_info(std::string_view text)
{
  const auto info = ordered_json::parse(text, nullptr, false);
  if (!info.is_object()) {
    throw bad_model("it is not a JSON object");
  }
  return {.queue = fmt::format("{}_{}", to_name(info, "type"), to_name(info, "version")),
          .json = info.dump()};
}

std::vector<std::string> select_job_environment(std::vector<std::string> variables)
{
  std::erase_if(variables, [](const std::string& variable) {
    return variable.starts_with("RABBITMQ_URI=") || variable.starts_with("RABBITMQ_URI_FILE=") ||
           variable.starts_with("PECAN_WORKER_ID=");
  });
  return variables;
}

Config load_config(const Environment& environment, std::vector<std::string> variables)
{
  Config config{.endpoint = rabbitmq::parse_amqp_url(find_url(environment)),
                .application = split_arguments(environment("APPLICATION").value_or("./job.sh")),
                .model = parse_model_info(read_model(environment)),
                .job_environment = select_job_environment(std::move(variables))};
  if (config.application.empty()) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use APPLICATION",
                 .why = "it is empty",
                 .hint = "leave it unset for ./job.sh"}};
  }
  if (const auto text = environment("PECAN_WORKER_PATIENCE")) {
    config.patience = parse_patience(*text);
  }
  config.endpoint.connection_name = fmt::format("pecan-worker {}", config.model.queue);
  return config;
}

}  // namespace pecanctl::worker
