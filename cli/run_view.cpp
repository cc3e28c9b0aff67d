// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_view.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_shown = 20;

}  // namespace

std::string count_jobs(std::size_t count)
{
  return fmt::format("{} job{}", count, count == 1 ? "" : "s");
}

RunView::RunView(output::Printer& printer, Reporter& reporter, workflow::RunInfo info)
    : printer_{printer},
      reporter_{reporter},
      info_{std::move(info)}
{
  printer_.add_to_result("run", info_.id);
}

void RunView::add(const workflow::JobResult& result)
{
  const auto* const state = result.is_ok ? "OK" : result.is_retried ? "RETRY" : "ERROR";
  nlohmann::json fields{{"folder", result.folder},
                        {"state", state},
                        {"end", to_string(result.end)},
                        {"attempt", result.attempt},
                        {"elapsed_ms", result.elapsed.count()},
                        {"ran_ms", std::max<std::int64_t>(result.ran.count(), 0)}};
  if (!result.is_ok) {
    fields["output"] = result.output;
  }
  printer_.record("job", std::move(fields));
  if (result.is_ok) {
    debug(reporter_, fmt::format("{} OK {}", result.folder, format_duration(result.elapsed)));
    return;
  }
  note(reporter_,
       fmt::format(
           "{} {} {}{}", result.folder, "ERROR", format_duration(result.elapsed),
           result.is_retried ? fmt::format(", attempt {} follows", result.attempt + 1) : ""));
  if (!result.is_retried && failed_.size() < k_shown) {
    failed_.push_back(result);
  }
}

std::string RunView::advice() const
{
  return fmt::format("the jobs go on; wait for them again: pecanctl run --attach {}", info_.id);
}

void RunView::tell_detached()
{
  printer_.say(
      fmt::format("{} submitted to {}: run {}", count_jobs(info_.jobs), info_.queue, info_.id));
  printer_.say(fmt::format("wait for them: pecanctl run --attach {}", info_.id));
  printer_.add_to_result("jobs", info_.jobs);
  printer_.add_to_result("already_done", info_.already_done);
}

void RunView::tell_interrupted()
{
  note(reporter_, advice());
}

Error RunView::with_advice(const Error& error) const
{
  auto info = error.info();
  info.hint = info.hint.empty() ? advice() : fmt::format("{}; {}", info.hint, advice());
  return Error{std::move(info)};
}

void RunView::finish(const workflow::RunTotals& totals)
{
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_);
  for (const auto& result : failed_) {
    printer_.say(fmt::format("✘ {}   ERROR   {}", result.folder, format_duration(result.elapsed)));
    for (const auto& line : split(result.output, '\n')) {
      printer_.say(fmt::format("    {}", line));
    }
  }
  if (totals.failed > failed_.size()) {
    printer_.say(fmt::format("and {} more: see rabbitmq.out in their folders",
                             totals.failed - failed_.size()));
  }
  auto rest = info_.already_done > 0 ? fmt::format(", {} already done", info_.already_done) : "";
  rest += info_.failed_before > 0
              ? fmt::format(", {} ended in ERROR before and not run", info_.failed_before)
              : "";
  rest += totals.cancelled > 0 ? fmt::format(", {} taken back", totals.cancelled) : "";
  rest += totals.left() > 0 ? fmt::format(", {} going on", totals.left()) : "";
  printer_.say(fmt::format("{}: {} OK, {} ERROR, {}{}", count_jobs(totals.jobs), totals.ok,
                           totals.failed, format_duration(elapsed), rest));
  printer_.add_to_result("jobs", totals.jobs);
  printer_.add_to_result("done", totals.ok);
  printer_.add_to_result("failed", totals.failed);
  printer_.add_to_result("already_done", info_.already_done);
  printer_.add_to_result("cancelled", totals.cancelled);
  printer_.add_to_result("under_way", totals.left());
  if (totals.left() > 0) {
    note(reporter_, advice());
  }
  require_good_end(totals);
}

void RunView::require_good_end(const workflow::RunTotals& totals) const
{
  const auto failed = totals.failed + static_cast<std::size_t>(info_.failed_before);
  if (failed > 0) {
    throw Error{{.code = ErrorCode::workload,
                 .what = fmt::format("{} ended in ERROR", count_jobs(failed)),
                 .hint = "run the same command again: what is OK is skipped"}};
  }
  const bool is_as_wanted = info_.policy.halt.what != workflow::HaltRule::What::fail;
  if (totals.cancelled > 0 && !is_as_wanted) {
    throw Error{{.code = ErrorCode::partial,
                 .what = fmt::format("{} taken back", count_jobs(totals.cancelled)),
                 .why = "`run --cancel` asked for it",
                 .hint = "run the same command again: what is OK is skipped"}};
  }
}

}  // namespace pecanctl::cli
