// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <iostream>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/run_setup.hpp"
#include "cli/run_view.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/workflow/begin.hpp"
#include "core/workflow/run.hpp"

namespace pecanctl::cli::commands {
namespace {

constexpr std::chrono::seconds k_find_time{60};
constexpr std::chrono::minutes k_expand{10};

struct RunFlags {
  std::string model = {};
  std::vector<std::string> folders = {};
  std::size_t jobs = 0;
  int retries = 0;
  bool is_detached = false;
  bool runs_again = false;
  bool is_attached = false;
  std::string attach = {};
};

Error usage(std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::usage,
                .what = "cannot understand the command line",
                .why = std::move(why),
                .hint = std::move(hint)}};
}

void check_flags(const RunFlags& flags)
{
  constexpr const char* k_form = "pecanctl run MODEL DIR…, or pecanctl run --attach [RUN]";
  const bool has_jobs = !flags.model.empty();
  if (flags.is_attached && (has_jobs || flags.is_detached || flags.runs_again)) {
    throw usage(
        "--attach waits for a run that was submitted before: it takes no model, folder or other "
        "flag",
        k_form);
  }
  if (!flags.is_attached && (!has_jobs || flags.folders.empty())) {
    throw usage(has_jobs ? "it names no folder" : "it names no model", k_form);
  }
  if (flags.is_detached && flags.jobs > 0) {
    throw usage("--jobs needs somebody who waits, and --detach does not", "leave one of them out");
  }
}

// "-" stands for the lines of stdin.
std::vector<std::string> read_folders(const std::vector<std::string>& words)
{
  std::vector<std::string> folders;
  for (const auto& word : words) {
    if (word != "-") {
      folders.push_back(word);
      continue;
    }
    for (std::string line; std::getline(std::cin, line);) {
      if (const auto text = trim(line); !text.empty()) {
        folders.emplace_back(text);
      }
    }
  }
  return folders;
}

std::vector<workflow::Candidate> find_candidates(const RunFlags& flags, const RunTarget& target,
                                                 RunSetup& setup, Context& context)
{
  return workflow::find_candidates(setup.data(), read_folders(flags.folders), setup.host_folders(),
                                   target.queue, context.deadline(k_expand), context.stop());
}

void print_dry_run(const RunFlags& flags, const RunTarget& target, RunSetup& setup,
                   Context& context)
{
  const auto plan = workflow::plan_run(setup.find_store(), target.queue,
                                       find_candidates(flags, target, setup, context),
                                       {.runs_again = flags.runs_again});
  auto steps = nlohmann::json::array();
  for (const auto& job : plan.jobs) {
    const bool is_sent = workflow::is_under_way(job);
    const auto reason = is_sent            ? "under way already: waited for, not sent again"
                        : flags.runs_again ? "--rerun"
                                           : "not done yet";
    context.printer().say(fmt::format("  {} {:<40} to {}   {}", is_sent ? "=" : "+",
                                      workflow::data_path(job.folder), target.queue, reason));
    steps.push_back(
        {{"id", job.folder}, {"action", is_sent ? "wait" : "submit"}, {"reason", reason}});
  }
  context.printer().say(
      fmt::format("{} to run, {} already done (nothing is submitted by this command)",
                  count_jobs(plan.jobs.size()), plan.already_done));
  context.printer().record(
      "plan", {{"changes", plan.jobs.size()}, {"deletes_data", false}, {"steps", steps}});
  context.printer().add_to_result("changes", plan.jobs.size());
  context.printer().add_to_result("jobs", plan.jobs.size());
  context.printer().add_to_result("already_done", plan.already_done);
  if (context.options().is_check && !plan.jobs.empty()) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} not done", count_jobs(plan.jobs.size())),
                 .hint = "run the same command without --check"}};
  }
}

// Everything is checked before anything is published.
workflow::Begun begin(const RunFlags& flags, const RunTarget& target, RunSetup& setup,
                      Context& context)
{
  const auto deadline = context.deadline(k_find_time);
  setup.check_listeners(target, flags.is_detached, deadline);
  const auto candidates = find_candidates(flags, target, setup, context);
  const auto id_seed =
      static_cast<std::uint32_t>(std::stoul(sha256_hex(random_uuid()).substr(0, 8), nullptr, 16));
  const auto now = std::chrono::system_clock::now();
  const auto lock = setup.store().lock(deadline, context.stop());
  return workflow::begin_run(setup.store(),
                             {.id = workflow::make_run_id(now, id_seed),
                              .model = target.model.empty() ? target.queue : target.model,
                              .queue = target.queue,
                              .retries = flags.retries,
                              .at = format_time(now)},
                             candidates, {.runs_again = flags.runs_again, .nonce = id_seed});
}

void carry_out(workflow::HeldRun& held, const RunTarget& target, const RunFlags& flags,
               RunSetup& setup, Context& context)
{
  RunView view{context.printer(), context.reporter(), held.state.info};
  workflow::Run run{
      held,
      setup.services(target, [&](const auto& result) { view.add(result); }),
      {.most_at_once = flags.jobs, .recognises_duplicates = target.recognises_duplicates}};
  const auto limit = context.options().timeout;
  const auto deadline = limit.count() > 0 ? Deadline::in(limit) : Deadline::never();
  try {
    if (flags.is_detached) {
      run.submit(deadline, context.stop());
      view.tell_detached();
      return;
    }
    run.wait(deadline, context.stop());
  } catch (const Cancelled&) {
    view.tell_interrupted();
    throw;
  } catch (Error& error) {
    throw view.with_advice(error);
  }
  setup.store().finish(held);
  view.finish(run.totals());
}

void run_run(const RunFlags& flags, Context& context)
{
  check_flags(flags);
  RunSetup setup{context};
  if (flags.is_attached) {
    auto lock = setup.store().lock(context.deadline(k_find_time), context.stop());
    auto held = workflow::attach_run(setup.store(), flags.attach);
    lock.reset();
    carry_out(held, setup.find_target(held.state.info.model), flags, setup, context);
    return;
  }
  const auto target = setup.find_target(flags.model);
  if (context.options().is_dry_run || context.options().is_check) {
    print_dry_run(flags, target, setup, context);
    return;
  }
  auto begun = begin(flags, target, setup, context);
  if (!begun.run) {
    context.printer().say(fmt::format("{} already done; nothing to run (--rerun runs them again)",
                                      count_jobs(static_cast<std::size_t>(begun.already_done))));
    context.printer().add_to_result("already_done", begun.already_done);
    return;
  }
  if (begun.attached > 0) {
    note(context.reporter(),
         fmt::format("{} under way already: waiting for them, not sending them again",
                     count_jobs(static_cast<std::size_t>(begun.attached))));
  }
  carry_out(*begun.run, target, flags, setup, context);
}

}  // namespace

RunFn setup_run(CLI::App& sub)
{
  auto flags = std::make_shared<RunFlags>();
  sub.add_option("MODEL", flags->model, "Model as in pecan.yml, or its queue");
  sub.add_option("DIR", flags->folders,
                 "Run folders in /data ('*' in quotes is expanded there; -: from stdin)");
  sub.add_option("-j,--jobs", flags->jobs, "At most this many under way at once (default: all)")
      ->type_name("N");
  sub.add_option("--retries", flags->retries, "Run a job that failed this often again")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  sub.add_flag("--detach", flags->is_detached, "Return when the broker has the jobs");
  sub.add_flag("--rerun", flags->runs_again, "Also run what is OK already");
  sub.add_option("--attach", flags->attach, "Wait for this run again (default: the latest)")
      ->expected(0, 1)
      ->type_name("RUN");
  sub.footer(
      "Examples:\n  pecanctl run sipnet workflows/PEcAn_99000000001/run/99000000001\n"
      "  pecanctl run sipnet 'workflows/PEcAn_99000000002/run/*' --retries 1\n"
      "  pecanctl run --attach           after Ctrl-C or --detach; jobs go on meanwhile");
  const auto* const attach = sub.get_option("--attach");
  return [flags, attach](Context& context) {
    flags->is_attached = attach->count() > 0;
    run_run(*flags, context);
  };
}

}  // namespace pecanctl::cli::commands
