// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/run_carry_out.hpp"
#include "cli/run_flags.hpp"
#include "cli/run_reports.hpp"
#include "cli/run_setup.hpp"
#include "cli/run_sources.hpp"
#include "cli/run_task.hpp"
#include "cli/run_view.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/workflow/begin.hpp"

namespace pecanctl::cli::commands {
namespace {

constexpr std::chrono::seconds k_find_time{60};
constexpr std::chrono::minutes k_expand{10};

std::vector<workflow::Candidate> find_candidates(const std::vector<std::string>& words,
                                                 const RunTarget& target, RunSetup& setup,
                                                 Context& context)
{
  return words.empty()
             ? std::vector<workflow::Candidate>{}
             : workflow::find_candidates(setup.data(), words, setup.host_folders(), target.queue,
                                         context.deadline(k_expand), context.stop());
}

void print_step(Context& context, const RunTarget& target, const workflow::Job& job,
                std::string_view reason, nlohmann::json& steps)
{
  const bool is_sent = workflow::is_under_way(job);
  context.printer().say(fmt::format("  {} {:<40} to {}   {}", is_sent ? "=" : "+",
                                    workflow::data_path(job.folder), target.queue, reason));
  steps.push_back(
      {{"id", job.folder}, {"action", is_sent ? "wait" : "submit"}, {"reason", reason}});
}

void print_dry_run(const RunFlags& flags, const RunTarget& target, RunSetup& setup,
                   Context& context)
{
  RunSources sources{flags, setup, context};
  const auto folders = sources.make_folders(true, context.deadline(k_expand));
  const auto plan = workflow::plan_run(
      setup.find_store(), target.queue,
      find_candidates(sources.take_words(folders.missing), target, setup, context),
      {.runs_again = flags.runs_again, .skips_failed = flags.resumes});
  auto steps = nlohmann::json::array();
  for (const auto& job : plan.jobs) {
    print_step(context, target, job,
               workflow::is_under_way(job) ? "under way already: waited for, not sent again"
               : flags.runs_again          ? "--rerun"
                                           : "not done yet",
               steps);
  }
  for (const auto& folder : folders.missing) {
    print_step(context, target, {.folder = folder}, "made from the template first", steps);
  }
  const auto count = steps.size();
  context.printer().say(
      fmt::format("{} to run, {} already done (nothing is submitted by this command)",
                  count_jobs(count), plan.already_done));
  context.printer().record(
      "plan", {{"changes", count}, {"deletes_data", false}, {"steps", std::move(steps)}});
  context.printer().add_to_result("changes", count);
  context.printer().add_to_result("jobs", count);
  context.printer().add_to_result("already_done", plan.already_done);
  if (context.options().is_check && count > 0) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} not done", count_jobs(count)),
                 .hint = "run the same command without --check"}};
  }
}

// Everything is checked before anything is published.
workflow::Begun begin(const RunFlags& flags, const RunTarget& target, RunSources& sources,
                      RunSetup& setup, Context& context)
{
  const auto deadline = context.deadline(k_find_time);
  setup.check_listeners(target, flags.is_detached, deadline);
  const auto made = sources.make_folders(false, context.deadline(k_expand));
  if (made.made + made.kept > 0) {
    note(context.reporter(),
         fmt::format("{} run folders made, {} there already{}", made.made, made.kept,
                     made.set_aside > 0 ? fmt::format(", {} set aside", made.set_aside) : ""));
  }
  const auto candidates = find_candidates(sources.take_words(), target, setup, context);
  const auto id_seed =
      static_cast<std::uint32_t>(std::stoul(sha256_hex(random_uuid()).substr(0, 8), nullptr, 16));
  const auto now = std::chrono::system_clock::now();
  const auto lock = setup.store().lock(deadline, context.stop());
  return workflow::begin_run(
      setup.store(),
      {.id = workflow::make_run_id(now, id_seed),
       .model = target.model.empty() ? target.queue : target.model,
       .queue = target.queue,
       .retries = flags.retries,
       .at = format_time(now),
       .policy = flags.policy()},
      candidates,
      {.runs_again = flags.runs_again, .skips_failed = flags.resumes, .nonce = id_seed});
}

void tell_nothing_to_do(const workflow::Begun& begun, Context& context)
{
  context.printer().add_to_result("already_done", begun.already_done);
  if (begun.failed_before > 0) {
    throw Error{{.code = ErrorCode::workload,
                 .what = fmt::format("{} ended in ERROR before",
                                     count_jobs(static_cast<std::size_t>(begun.failed_before))),
                 .why = "--resume does not submit them again",
                 .hint = "--resume-failed does"}};
  }
  context.printer().say(fmt::format("{} already done; nothing to run (--rerun runs them again)",
                                    count_jobs(static_cast<std::size_t>(begun.already_done))));
}

void submit(const RunFlags& flags, RunSetup& setup, Context& context)
{
  const auto target = setup.find_target(flags.model);
  if (context.options().is_dry_run || context.options().is_check) {
    print_dry_run(flags, target, setup, context);
    return;
  }
  RunSources sources{flags, setup, context};
  RunReports reports{flags, target.queue, [&](auto folder) { return sources.result_path(folder); }};
  auto begun = begin(flags, target, sources, setup, context);
  if (!begun.run) {
    tell_nothing_to_do(begun, context);
    return;
  }
  if (begun.attached > 0) {
    note(context.reporter(),
         fmt::format("{} under way already: waiting for them, not sending them again",
                     count_jobs(static_cast<std::size_t>(begun.attached))));
  }
  carry_out(*begun.run, target, flags, reports, setup, context);
}

}  // namespace

RunFn setup_run(CLI::App& sub)
{
  const auto flags = add_run_flags(sub);
  sub.footer(
      "Examples:\n  pecanctl run sipnet 'workflows/PEcAn_99000000002/run/*' --retries 1\n"
      "  pecanctl run dalec 'e/run/{site}' --array sites.csv --template dalec\n"
      "  pecanctl run --task wordcount/task.yaml\n"
      "  pecanctl run --attach           after Ctrl-C or --detach; jobs go on meanwhile");
  const auto* const attach_flag = sub.get_option("--attach");
  return [flags, attach_flag](Context& context) {
    flags->is_attached = attach_flag->count() > 0;
    check_run_flags(*flags);
    RunSetup setup{context};
    if (flags->is_attached) {
      attach_to_run(*flags, setup, context);
    } else if (!flags->cancel.empty()) {
      cancel_run(*flags, setup, context);
    } else if (!flags->task.empty()) {
      run_task(*flags, setup, context);
    } else {
      submit(*flags, setup, context);
    }
  };
}

}  // namespace pecanctl::cli::commands
