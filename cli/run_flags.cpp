// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_flags.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/reference.hpp"
#include "core/base/error.hpp"

namespace pecanctl::cli {
namespace {

Error usage(std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::usage,
                .what = "cannot understand the command line",
                .why = std::move(why),
                .hint = std::move(hint)}};
}

void add_sources(CLI::App& sub, RunFlags& flags)
{
  sub.add_option("MODEL", flags.model, "Model as in pecan.yml, or its queue");
  sub.add_option("DIR", flags.folders,
                 "Run folders in /data ('*' in quotes is expanded there; -: from stdin)");
  sub.add_option("--array", flags.array, "A job for each row: {column} in DIR is its value")
      ->type_name("FILE");
  sub.add_option("--matrix", flags.matrix,
                 "A column and its values; several, and --array, are multiplied")
      ->type_name("NAME=VALUE,...")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(std::string{k_advanced});
  sub.add_option("--template", flags.model_folder, "Make the folders from this one")
      ->type_name("DIR");
  sub.add_option("--task", flags.task, "Map-reduce: a task file says what to cut, map and reduce")
      ->type_name("FILE");
  sub.add_option("--runs-from", flags.runs_from, "The runs that PEcAn's runs.txt lists")
      ->type_name("FILE")
      ->group(std::string{k_advanced});
}

void add_control(CLI::App& sub, RunFlags& flags)
{
  const std::string advanced{k_advanced};
  sub.add_option("-j,--jobs", flags.jobs, "At most this many under way at once (default: all)")
      ->type_name("N");
  sub.add_option("--retries", flags.retries, "Run a job that failed this often again")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  sub.add_option("--retry-on", flags.retry_on,
                 "What counts as failed: error,lost,timeout (default: error,lost)")
      ->type_name("WHAT,...")
      ->group(advanced);
  sub.add_option("--job-timeout", flags.job_timeout,
                 "Wait so long for a job that runs: 2h, or 300% of the median")
      ->type_name("TIME")
      ->group(advanced);
  sub.add_option("--halt", flags.halt,
                 "End early: now|soon,fail|success|done=N|N% (default: never)")
      ->type_name("WHEN,WHY=N")
      ->group(advanced);
  sub.add_flag("--resume", flags.resumes, "Leave out what ended in ERROR before")->group(advanced);
  sub.add_flag("--resume-failed", flags.resumes_failed,
               "Submit what ended in ERROR before again (the default)")
      ->group(advanced);
  sub.add_flag("--rerun", flags.runs_again, "Also run what is OK already");
}

void add_reports(CLI::App& sub, RunFlags& flags)
{
  const std::string advanced{k_advanced};
  sub.add_option("--joblog", flags.joblog, "Append a row for each job that ends, as GNU parallel")
      ->type_name("FILE")
      ->group(advanced);
  sub.add_option("--results", flags.results, "Keep output and outcome of each job in a folder here")
      ->type_name("DIR")
      ->group(advanced);
  sub.add_flag("--bar", flags.shows_bar, "Tell the share that is done in logs and --json, too")
      ->group(advanced);
  sub.add_flag("--eta", flags.shows_eta, "Tell the time left in logs and --json, too")
      ->group(advanced);
}

bool has_sources(const RunFlags& flags)
{
  return flags.has_rows() || !flags.folders.empty() || !flags.runs_from.empty() ||
         !flags.model_folder.empty() || !flags.task.empty();
}

// The task file says the rest.
void check_task(const RunFlags& flags)
{
  const bool has_folders = !flags.folders.empty() || flags.has_rows() || !flags.runs_from.empty() ||
                           !flags.model_folder.empty();
  const bool has_policy = flags.retries > 0 || !flags.retry_on.empty() ||
                          !flags.job_timeout.empty() || !flags.halt.empty() || flags.resumes ||
                          flags.resumes_failed || flags.runs_again || !flags.results.empty();
  if (has_folders || has_policy) {
    throw usage(has_folders ? "--task makes the run folders itself: it takes none"
                            : "the task file says what is tried again, and how long things take",
                "pecanctl run [MODEL] --task FILE");
  }
  if (flags.is_detached && (flags.jobs > 0 || !flags.joblog.empty())) {
    throw usage("--detach sees no job end: --jobs and --joblog do", "leave one of them out");
  }
}

// --attach and --cancel are about a run that is there.
void check_known_run(const RunFlags& flags)
{
  const bool is_new = !flags.model.empty() || has_sources(flags) || flags.is_detached ||
                      flags.runs_again || flags.resumes || flags.resumes_failed || flags.jobs > 0 ||
                      flags.retries > 0 || !flags.retry_on.empty() || !flags.job_timeout.empty() ||
                      !flags.halt.empty();
  const bool is_cancel = !flags.cancel.empty();
  if (is_cancel && (is_new || flags.is_attached)) {
    throw usage("--cancel takes back the jobs of a run: it takes no model, folder or other flag",
                "pecanctl run --cancel RUN");
  }
  if (flags.is_attached && is_new) {
    throw usage(
        "--attach waits for a run that was submitted before: it takes no model or folder, and of "
        "the flags only those that report",
        "pecanctl run MODEL DIR..., or pecanctl run --attach [RUN]");
  }
}

void check_new_run(const RunFlags& flags)
{
  constexpr const char* k_form = "pecanctl run MODEL DIR…, or pecanctl run --attach [RUN]";
  const bool needs_words = flags.runs_from.empty();
  if (flags.model.empty() || (needs_words && flags.folders.empty())) {
    throw usage(flags.model.empty() ? "it names no model" : "it names no folder", k_form);
  }
  if (flags.is_detached && flags.jobs > 0) {
    throw usage("--jobs needs somebody who waits, and --detach does not", "leave one of them out");
  }
  const bool reports =
      !flags.joblog.empty() || !flags.results.empty() || flags.shows_bar || flags.shows_eta;
  if (flags.is_detached && (reports || !flags.halt.empty())) {
    throw usage("--detach sees no job end: --halt, --joblog, --results, --bar and --eta do",
                "give reports to pecanctl run --attach");
  }
  if (!flags.model_folder.empty() && !flags.has_rows()) {
    throw usage("--template makes a folder for each row, and there are none",
                "add --array FILE or --matrix NAME=VALUE,...");
  }
  if (flags.has_rows() && std::ranges::find(flags.folders, "-") != flags.folders.end()) {
    throw usage("folders from stdin have no columns", "leave out --array, --matrix or the -");
  }
  if (flags.has_rows() && flags.folders.empty()) {
    throw usage("the rows need a DIR with a placeholder", "'workflows/ensemble/run/{column}'");
  }
  if (flags.resumes + flags.resumes_failed + flags.runs_again > 1) {
    throw usage("--resume, --resume-failed and --rerun exclude one another", "choose one");
  }
}

}  // namespace

workflow::RunPolicy RunFlags::policy() const
{
  workflow::RunPolicy policy;
  policy.retry_on = retry_on.empty() ? workflow::RetryOn{} : workflow::parse_retry_on(retry_on);
  policy.job_timeout =
      job_timeout.empty() ? workflow::JobTimeout{} : workflow::parse_job_timeout(job_timeout);
  policy.halt = halt.empty() ? workflow::HaltRule{} : workflow::parse_halt(halt);
  return policy;
}

std::shared_ptr<RunFlags> add_run_flags(CLI::App& sub)
{
  auto flags = std::make_shared<RunFlags>();
  add_sources(sub, *flags);
  add_control(sub, *flags);
  sub.add_flag("--detach", flags->is_detached, "Return when the broker has the jobs");
  sub.add_option("--attach", flags->attach, "Wait for this run again (default: the latest)")
      ->expected(0, 1)
      ->type_name("RUN");
  sub.add_option("--cancel", flags->cancel, "Take back what no worker has begun")->type_name("RUN");
  add_reports(sub, *flags);
  return flags;
}

void check_run_flags(const RunFlags& flags)
{
  check_known_run(flags);
  if (!flags.is_attached && flags.cancel.empty()) {
    flags.task.empty() ? check_new_run(flags) : check_task(flags);
    flags.policy();
  }
}

}  // namespace pecanctl::cli
