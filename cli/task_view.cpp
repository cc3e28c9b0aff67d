// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/task_view.hpp"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/workflow/job.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_shown_failures = 20;
constexpr std::size_t k_with_words = 3;
constexpr std::size_t k_task_log_limit = std::size_t{64} << 10U;
constexpr std::chrono::seconds k_log_time{60};

std::string unit_name(std::string_view stage, const tasks::Unit& unit)
{
  return stage == "map" ? fmt::format("chunk {}", unit.name) : std::string{stage};
}

}  // namespace

std::string count_chunks(std::size_t count)
{
  return fmt::format("{} chunk{}", count, count == 1 ? "" : "s");
}

TaskView::TaskView(const tasks::Task& task, RunSetup& setup, Context& context)
    : task_{task},
      setup_{setup},
      context_{context}
{
}

void TaskView::finish(const TaskOutcome& outcome)
{
  auto& printer = context_.printer();
  const auto folders =
      setup_.data().is_local() ? setup_.host_folders() : std::vector<std::string>{};
  auto files = nlohmann::json::array();
  for (const auto& file : outcome.files) {
    const auto path = workflow::data_path(file);
    files.push_back(path);
    printer.say(folders.empty() ? path : fmt::format("{}   {}/{}", path, folders.front(), file));
  }
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_);
  printer.say(fmt::format(
      "{}: {} verified by {} results{}, {}{}", task_.name, count_chunks(outcome.chunks),
      outcome.map.results,
      outcome.map.outvoted > 0 ? fmt::format(" ({} outvoted)", outcome.map.outvoted) : "",
      format_duration(elapsed), outcome.is_new ? "" : "; nothing was left to run"));
  printer.add_to_result("task", workflow::data_path(outcome.folder));
  printer.add_to_result("chunks", outcome.chunks);
  printer.add_to_result("results", outcome.map.results);
  printer.add_to_result("outvoted", outcome.map.outvoted);
  printer.add_to_result("declined", outcome.map.declined);
  printer.add_to_result("files", std::move(files));
}

std::vector<std::string> TaskView::read_log(const std::string& folder)
{
  const auto path = folder + "/log";
  const auto found = setup_.data()
                         .find_ends(std::span{&path, 1}, k_task_log_limit,
                                    context_.deadline(k_log_time), context_.stop())
                         .front();
  auto lines = split(found ? found->text : "", '\n');
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  return lines;
}

void TaskView::tell_failure(const tasks::Board& board, std::size_t unit, const std::string& reason,
                            std::string_view stage, bool is_long)
{
  auto& printer = context_.printer();
  const auto name = unit_name(stage, board.units()[unit]);
  nlohmann::json fields{{"stage", stage}, {"unit", board.units()[unit].name}, {"reason", reason}};
  std::string words = reason;
  std::vector<std::string> log;
  const auto& failures = board.failures();
  const auto found = failures.lower_bound({unit, 0});
  if (found != failures.end() && found->first.first == unit) {
    const auto& failure = found->second;
    log = read_log(failure.folder);
    words = failure.reason;
    fields["reason"] = failure.reason;
    fields["folder"] = workflow::data_path(failure.folder);
    if (const auto& report = failure.report) {
      words += fmt::format("   worker {:.8}, {}s", report->worker, report->seconds);
      fields["exit"] = report->exit;
      fields["signal"] = report->signal;
      fields["is_out_of_memory"] = report->is_out_of_memory;
      fields["worker"] = report->worker;
    }
  }
  fields["output"] = log;
  printer.record("task_failure", std::move(fields));
  printer.say(fmt::format("✘ {}   {}", name, words));
  for (const auto& line : is_long ? log : std::vector<std::string>{}) {
    printer.say(fmt::format("    {}", escape_control(line)));
  }
}

void TaskView::fail(const tasks::Board& board, const tasks::Standing& standing,
                    std::string_view stage)
{
  for (std::size_t i = 0; i < standing.failed.size() && i < k_shown_failures; ++i) {
    const auto& [unit, reason] = standing.failed[i];
    tell_failure(board, unit, reason, stage, i < k_with_words);
  }
  const auto& units = board.units();
  const auto& [first, reason] = standing.failed.front();
  const auto known = board.failures().lower_bound({first, 0});
  const bool is_known = known != board.failures().end() && known->first.first == first;
  throw Error{
      {.code = ErrorCode::workload,
       .what = stage == "map" ? fmt::format("{} of {} failed", standing.failed.size(),
                                            count_chunks(units.size()))
                              : fmt::format("the task's {} failed", stage),
       .why = fmt::format("{}: {}", unit_name(stage, units[first]),
                          is_known ? known->second.reason : reason),
       .hint = is_known ? "correct the task, or run the same command again: what is verified stays"
                        : "the map gives different results on different workers: let it be exact, "
                          "give `compare` a tolerance, or raise `max_results`"}};
}

void TaskView::tell_interrupted()
{
  note(context_.reporter(), "jobs under way go on; the same command goes on with them");
}

}  // namespace pecanctl::cli
