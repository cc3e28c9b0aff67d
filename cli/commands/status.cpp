// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/decisions_view.hpp"
#include "cli/deploy_via.hpp"
#include "cli/instances_view.hpp"
#include "cli/jobs_view.hpp"
#include "cli/model_status.hpp"
#include "cli/reference.hpp"
#include "cli/status_view.hpp"
#include "cli/validators.hpp"
#include "cli/watch.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::commands {
namespace {

using namespace std::chrono_literals;

struct StatusFlags {
  bool is_all = false;
  bool is_watch = false;
  std::chrono::milliseconds interval = 2s;
  bool shows_models = false;
  std::chrono::milliseconds listen_for{0};  ///< 0: k_listen_for
  bool shows_decisions = false;
  bool shows_deployments = false;
  bool checks_updates = false;
  bool shows_jobs = false;
  int last = 20;
};

void check_flags(const StatusFlags& flags, const Context& context)
{
  constexpr auto k_shortest = 200ms;
  if (flags.is_watch && (flags.is_all || context.options().is_check)) {
    throw Error{
        {.code = ErrorCode::usage,
         .what = fmt::format("cannot use --watch with {}", flags.is_all ? "--all" : "--check"),
         .hint = "leave one of them out"}};
  }
  if (flags.interval < k_shortest) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "cannot use such a short --interval",
                 .hint = "write 200ms or more"}};
  }
}

void run_status(const StatusFlags& flags, Context& context)
{
  check_flags(flags, context);
  if (flags.is_all) {
    list_all_instances(context);
    return;
  }
  if (flags.is_watch) {
    watch_instance(context, flags.interval);
    return;
  }
  if (flags.shows_models) {
    show_models(context, flags.listen_for.count() > 0 ? flags.listen_for : k_listen_for);
    return;
  }
  if (flags.shows_decisions) {
    show_decisions(context, flags.last);
    return;
  }
  if (flags.shows_deployments) {
    show_deployments(context);
    return;
  }
  if (flags.shows_jobs) {
    show_jobs(context, static_cast<std::size_t>(flags.last));
    return;
  }
  auto picture = look(context);
  if (flags.checks_updates) {
    look_at_updates(context, picture);
  }
  if (context.printer().is_json()) {
    context.printer().document(to_json(picture));
  } else {
    print_screen(context, picture);
  }
  if (context.options().is_check && !picture.late.empty()) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("the data of site {} is older than {}", picture.late.front(),
                                     format_duration(*context.file().sync.max_age)),
                 .hint = "pecanctl sync"}};
  }
  const bool is_fine = picture.instance.state == "healthy" && picture.drift.empty();
  if (context.options().is_check && !is_fine) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} is {}{}", picture.instance.name, picture.instance.state,
                                     picture.drift.empty() ? "" : " and differs from pecan.yml"),
                 .hint = "pecanctl deploy"}};
  }
}

}  // namespace

RunFn setup_status(CLI::App& sub)
{
  auto flags = std::make_shared<StatusFlags>();
  sub.add_flag("--all", flags->is_all, "All instances on this machine and in Consul");
  sub.add_flag("--watch", flags->is_watch,
               "A dashboard that goes on until q or Ctrl-C: use, queues, runs");
  const std::string advanced{k_advanced};
  add_duration(sub, "--interval", flags->interval, "How often --watch looks (default: 2s)")
      ->group(advanced);
  auto* const models =
      sub.add_flag("--models", flags->shows_models,
                   "The models of the catalogue, and who of them lives: listens for 6 s");
  add_duration(sub, "--for", flags->listen_for, "With --models: listen this long")
      ->needs(models)
      ->group(advanced);
  sub.add_flag("--jobs", flags->shows_jobs,
               "The runs: how many jobs ended how, who waits for them");
  sub.add_flag("--decisions", flags->shows_decisions,
               "What the queues had decided about workers, and why");
  sub.add_flag("--deployments", flags->shows_deployments,
               "What others asked the agent for, and what became of it");
  sub.add_flag("--check-updates", flags->checks_updates,
               "Ask the registry too whether PEcAn has a newer release")
      ->excludes("--all")
      ->excludes("--watch")
      ->excludes(models)
      ->excludes("--jobs")
      ->excludes("--decisions")
      ->excludes("--deployments");
  sub.add_option("--last", flags->last, "With --decisions and --jobs: so many (default: 20)")
      ->type_name("N")
      ->check(CLI::Range(1, 10'000))
      ->group(advanced);
  sub.footer(
      "Examples:\n  pecanctl status\n  pecanctl status --check -q     for cron\n"
      "  pecanctl status --watch\n  pecanctl status --models --for 15s\n"
      "  pecanctl status --all\n  pecanctl status --decisions --last 100");
  return [flags](Context& context) { run_status(*flags, context); };
}

}  // namespace pecanctl::cli::commands
