// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/doctor_report.hpp"

#include <functional>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/doctor_view.hpp"
#include "cli/known_secrets.hpp"
#include "cli/log_view.hpp"
#include "cli/status_view.hpp"
#include "cli/version.hpp"
#include "core/base/fd.hpp"
#include "core/inspection/bundle.hpp"
#include "core/inspection/logs.hpp"

namespace pecanctl::cli {
namespace {

using inspection::BundleFile;
using nlohmann::json;

constexpr int k_log_tail = 200;
constexpr std::size_t k_log_limit = std::size_t{4} << 20U;

// A file whose content cannot be had holds the reason instead.
BundleFile make_file(std::string name, const std::function<std::string()>& make)
{
  try {
    return {.name = std::move(name), .content = make()};
  } catch (const Error& error) {
    return {.name = std::move(name), .content = fmt::format("(not available: {})\n", error.what())};
  }
}

std::string dump(const json& value)
{
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string plan_text(Context& context)
{
  std::string text;
  const auto planned = plan_for(context, context.stack(), {});
  for (const auto& action : planned.plan.actions) {
    text += fmt::format("{} {}: {}\n", to_string(action.verb), action.name, action.reason);
  }
  return text.empty() ? "nothing to do\n" : text;
}

std::vector<BundleFile> collect_logs(Context& context, const Redactor& redactor)
{
  std::map<std::string, std::string> texts;
  try {
    const auto identity = context.identity();
    const auto observed =
        context.backend().observe_containers(identity, context.look_deadline(), context.stop());
    const auto sources = inspection::select_sources(observed, {}, {});
    const inspection::LogFeed feed{.connect = context.docker_factory(),
                                   .identity = identity,
                                   .redactor = redactor,
                                   .use = [&](const inspection::LogLine& line) {
                                     auto& text = texts[line.source.label()];
                                     if (text.size() < k_log_limit) {
                                       text += render_log_line(line, {.has_times = true}, 0);
                                     }
                                     return true;
                                   }};
    inspection::read_logs(sources, {.range = {.tail = k_log_tail}}, feed, context.reporter(),
                          context.stop());
  } catch (const Error& error) {
    texts["not-available"] = std::string{error.what()} + "\n";
  }
  std::vector<BundleFile> files;
  files.reserve(texts.size());
  for (auto& [label, text] : texts) {
    files.push_back({.name = fmt::format("logs/{}.log", label), .content = std::move(text)});
  }
  return files;
}

}  // namespace

void write_report(Context& context, const inspection::Subject& subject,
                  const std::vector<inspection::Examined>& results, const std::string& file)
{
  const auto redactor = make_redactor(context);
  const auto deadline = context.look_deadline().sooner(std::chrono::seconds{5});
  std::string engine;
  std::vector<BundleFile> files;
  files.push_back(make_file("docker.json", [&] {
    auto text = inspection::describe_engine(subject, deadline, context.stop());
    const auto info = json::parse(text);
    engine = fmt::format("Docker {}, API {}, {}, kernel {}", info.value("version", ""),
                         info.value("api", ""), info.value("os", ""), info.value("kernel", ""));
    return text + "\n";
  }));
  files.push_back({.name = "versions.json",
                   .content = dump({{"pecanctl", version().number}, {"docker", engine}})});
  files.push_back(make_file("pecan.yml", [&] {
    return subject.file.empty() ? std::string{"(there is none)\n"} : read_file(subject.file);
  }));
  files.push_back({.name = "doctor.json", .content = dump(to_json(results))});
  files.push_back(make_file("status.json", [&] { return dump(to_json(look(context))); }));
  files.push_back(make_file("plan.txt", [&] { return plan_text(context); }));
  for (auto& log : collect_logs(context, redactor)) {
    files.push_back(std::move(log));
  }
  inspection::write_bundle(file, files, redactor);
  note(context.reporter(),
       fmt::format("wrote {} ({} files; look into it before you send it)\nreport it at {}", file,
                   files.size(),
                   inspection::make_issue_url(std::string{version().number}, engine, results)));
}

}  // namespace pecanctl::cli
