// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/job.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::worker {
namespace {

using nlohmann::json;

constexpr int k_depth_limit = 64;

Error bad_message(std::string why)
{
  return Error{
      {.code = ErrorCode::invalid, .what = "cannot use the message", .why = std::move(why)}};
}

// How deep brackets nest, strings left out. The JSON library recurses without a limit.
int nesting_of(std::string_view text)
{
  int depth = 0;
  int deepest = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (letter == '"') {
      is_in_string = !is_in_string;
    } else if (is_in_string) {
      i += letter == '\\' ? 1 : 0;
    } else if (letter == '{' || letter == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (letter == '}' || letter == ']') {
      --depth;
    }
  }
  return deepest;
}

json parse_body(std::string_view body)
{
  if (body.size() > k_body_limit) {
    throw bad_message(fmt::format("it is larger than {} bytes", k_body_limit));
  }
  if (nesting_of(body) > k_depth_limit) {
    throw bad_message(fmt::format("it nests deeper than {}", k_depth_limit));
  }
  auto message = json::parse(body, nullptr, false);
  if (!message.is_object()) {
    throw bad_message("it is not a JSON object");
  }
  return message;
}

std::filesystem::path folder_of(const json& message)
{
  const auto found = message.find("folder");
  if (found == message.end() || !found->is_string()) {
    throw bad_message("it names no folder");
  }
  auto folder = found->get<std::string>();
  if (!folder.starts_with('/') || folder.find('\0') != std::string::npos) {
    throw bad_message("its folder is not an absolute path");
  }
  return folder;
}

}  // namespace

Job parse_job(std::string_view body)
{
  constexpr std::array<const char*, 3> k_refused{"custom_application", "rebuild", "pecan_xml"};
  const auto message = parse_body(body);
  for (const auto* const key : k_refused) {
    if (message.contains(key) && !message[key].is_null()) {
      throw Error{{.code = ErrorCode::denied,
                   .what = "cannot use the message",
                   .why = fmt::format("it carries '{}', which this worker does not run", key),
                   .hint = "put the command into the folder's job.sh"}};
    }
  }
  return {.folder = folder_of(message)};
}

std::optional<std::filesystem::path> find_folder(std::string_view body)
{
  try {
    return folder_of(parse_body(body));
  } catch (const Error&) {
    return std::nullopt;  // it means none
  }
}

}  // namespace pecanctl::worker
