// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/known_secrets.hpp"
#include "cli/log_view.hpp"
#include "cli/output/terminal.hpp"
#include "cli/style.hpp"
#include "core/inspection/logs.hpp"

namespace pecanctl::cli::commands {
namespace {

struct LogFlags {
  std::vector<std::string> names = {};
  bool follows = false;
  bool has_times = false;
  std::string since = {};
  int tail = -1;
};

std::vector<std::string> services_of_file(Context& context)
{
  std::vector<std::string> names;
  try {
    for (const auto& service : context.stack().services) {
      names.push_back(service.name);
    }
  } catch (const Error& error) {
    // The labels say what runs; a file that is missing or wrong is not the matter here.
    debug(context.reporter(), error.what());
  }
  return names;
}

std::string engine_time(const std::string& since, std::chrono::system_clock::time_point now)
{
  const auto moment = inspection::parse_since(since, now);
  if (!moment) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use --since {}", since),
                 .why = "it is neither a duration nor a time",
                 .hint = "write 10m, 12h, 2026-11-20 or 2026-11-20T05:50:01Z"}};
  }
  return *moment;
}

void run_logs(const LogFlags& flags, Context& context)
{
  const auto now = std::chrono::system_clock::now();
  const inspection::LogQuery query{
      .names = flags.names,
      .range = {.since = flags.since.empty() ? std::string{} : engine_time(flags.since, now),
                .tail = flags.tail,
                .follows = flags.follows},
      .asked_at = now};
  const auto identity = context.identity();
  const auto observed =
      context.backend().observe_containers(identity, context.look_deadline(), context.stop());
  const auto known = flags.names.empty() ? std::vector<std::string>{} : services_of_file(context);
  const auto sources = inspection::select_sources(observed, flags.names, known);
  const auto redactor = make_redactor(context);
  std::size_t width = 0;
  for (const auto& source : sources) {
    width = std::max(width, source.label().size());
  }
  LogWriter writer{{.is_json = context.printer().is_json(),
                    .is_terminal = output::is_terminal(STDOUT_FILENO),
                    .has_color = has_color_on_stdout(context.options()),
                    .has_times = flags.has_times},
                   width,
                   context.stop()};
  const inspection::LogFeed feed{
      .connect = context.docker_factory(),
      .identity = identity,
      .redactor = redactor,
      .use = [&](const inspection::LogLine& line) { return writer.add(line); },
      .on_idle = [&] { return writer.flush(); }};
  context.leave_quietly();
  try {
    inspection::read_logs(sources, query, feed, context.reporter(), context.stop());
    writer.flush();
  } catch (const Cancelled&) {
    if (!flags.follows || !context.is_interrupted()) {
      throw;
    }
    // Ctrl-C is how following ends.
  }
}

}  // namespace

RunFn setup_logs(CLI::App& sub)
{
  auto flags = std::make_shared<LogFlags>();
  sub.add_option("service", flags->names,
                 "Services or models, or one of their containers (dalec-2); default: all")
      ->type_name("SERVICE");
  sub.add_flag("-f,--follow", flags->follows,
               "Go on until Ctrl-C, with containers that start later");
  sub.add_option("--since", flags->since, "From then on: 10m ago, or a time (RFC 3339)")
      ->type_name("WHEN");
  sub.add_option("--tail", flags->tail, "Last lines of each container (default: all)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  sub.add_flag("--times", flags->has_times, "Show the time of each line");
  sub.footer(
      "Examples:\n  pecanctl logs -f dalec\n  pecanctl logs postgres --since 1h --tail 100\n"
      "  pecanctl logs --json");
  return [flags](Context& context) { run_logs(*flags, context); };
}

}  // namespace pecanctl::cli::commands
