// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/task_rounds.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/run_carry_out.hpp"
#include "cli/run_view.hpp"
#include "cli/task_workers.hpp"
#include "core/arrays/result_path.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/tasks/compare.hpp"

namespace pecanctl::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::minutes k_round_files{30};
constexpr std::chrono::seconds k_decide{60};
constexpr milliseconds k_first_pause{100};
constexpr milliseconds k_longest_pause{2000};
constexpr int k_most_idle_rounds = 40;
constexpr std::size_t k_text_limit = std::size_t{64} << 20U;
constexpr std::string_view k_mount = "/data/";

// So many rounds brought nothing but jobs that came to a worker which had its say.
Error no_other_worker(const std::string& task, const std::string& model)
{
  return Error{{.code = ErrorCode::failed,
                .what = fmt::format("cannot go on with the task {}", task),
                .why = fmt::format("{} rounds of jobs met only workers of {} that had given their "
                                   "result already",
                                   k_most_idle_rounds, model),
                .hint = "pecanctl status: do as many workers as `quorum` says take jobs? Then the "
                        "same command again"}};
}

}  // namespace

TaskRounds::TaskRounds(const tasks::Task& task, std::string root, const RunTarget& target,
                       const RunFlags& flags, RunSetup& setup, Context& context)
    : task_{task},
      root_{std::move(root)},
      target_{target},
      flags_{flags},
      setup_{setup},
      context_{context},
      reports_{flags, target.queue, [](auto folder) { return arrays::result_path(folder); }}
{
}

tasks::Standing TaskRounds::complete(tasks::Board& board, std::string_view stage)
{
  Words words;
  auto pause = k_first_pause;
  int idle_rounds = 0;
  tasks::Standing before;
  for (;;) {
    const auto deadline = Deadline::in(k_round_files);
    board.refresh(words, deadline, context_.stop());
    auto standing = board.judge();
    if (!standing.failed.empty() || (standing.slots == 0 && standing.pairs.empty())) {
      return standing;
    }
    if (!standing.pairs.empty()) {
      compare(board, standing.pairs);
      continue;
    }
    const bool is_idle = standing.results == before.results && standing.declined > before.declined;
    before = standing;
    require_workers(standing.workers,
                    fmt::format("each result of a chunk is of another worker ({} agree or more "
                                "results are needed)",
                                task_.quorum / 2 + 1),
                    target_, context_);
    if (is_idle && ++idle_rounds > k_most_idle_rounds) {
      throw no_other_worker(task_.name, target_.model);
    }
    if (is_idle) {
      pause_for(pause, whole_time(context_), context_.stop());
      pause = std::min(pause * 2, k_longest_pause);
    } else {
      pause = k_first_pause;
      idle_rounds = 0;
    }
    auto folders = board.prepare(deadline, context_.stop());
    if (is_idle) {
      // A queue hands out in turn: as many jobs as workers, in the same order, would meet the same
      // ones for ever.
      std::ranges::shuffle(folders, chance_);
    }
    words = run(folders, stage);
    if (flags_.is_detached) {
      return standing;
    }
  }
}

workflow::Begun TaskRounds::begin(const std::vector<std::string>& folders, std::string_view stage)
{
  const auto candidates = workflow::find_candidates(setup_.data(), folders, {}, target_.queue,
                                                    Deadline::in(k_round_files), context_.stop());
  const auto seed =
      static_cast<std::uint32_t>(std::stoul(sha256_hex(random_uuid()).substr(0, 8), nullptr, 16));
  const auto now = std::chrono::system_clock::now();
  const auto lock = setup_.store().lock(context_.deadline(k_decide), context_.stop());
  // A job that failed is for the board to judge; a lost one left nothing to judge by.
  return workflow::begin_run(setup_.store(),
                             {.id = workflow::make_run_id(now, seed),
                              .model = target_.model,
                              .queue = target_.queue,
                              .retries = task_.retries,
                              .at = format_time(now),
                              .task = fmt::format("{} {}", task_.name, stage),
                              .policy = {.retry_on = {.error = false, .lost = true}}},
                             candidates, {.nonce = seed});
}

// One round. Returns what is known of jobs that did not end well.
TaskRounds::Words TaskRounds::run(const std::vector<std::string>& folders, std::string_view stage)
{
  has_run_ = true;
  auto begun = begin(folders, stage);
  Words words;
  if (!begun.run) {
    return words;
  }
  RunView view{context_.printer(), context_.reporter(), begun.run->state.info};
  const auto on_result = [&](const workflow::JobResult& result) {
    view.add(result);
    reports_.add(result);
    if (!result.is_ok && !result.is_retried) {
      words.insert_or_assign(result.folder.substr(k_mount.size()), result.output);
    }
  };
  workflow::Run jobs{*begun.run,
                     setup_.services(target_, on_result),
                     {.most_at_once = flags_.jobs,
                      .recognises_duplicates = target_.recognises_duplicates,
                      .tells_share = flags_.shows_bar,
                      .tells_time_left = flags_.shows_eta}};
  if (flags_.is_detached) {
    jobs.submit(whole_time(context_), context_.stop());
    return words;
  }
  jobs.wait(whole_time(context_), context_.stop());
  if (jobs.is_cut_short()) {
    throw Error{{.code = ErrorCode::partial,
                 .what = fmt::format("jobs of the task {} were taken back", task_.name),
                 .why = "`run --cancel` asked for it",
                 .hint = "run the same command again: what is verified stays"}};
  }
  setup_.store().finish(*begun.run);
  return words;
}

// --- what is the same ---

void TaskRounds::compare(tasks::Board& board, const std::vector<tasks::Pair>& pairs)
{
  if (task_.compare.is_csv) {
    compare_texts(board, pairs);
  } else {
    compare_by_command(board, pairs);
  }
}

std::string TaskRounds::read(const std::string& path)
{
  const auto found = setup_.data()
                         .find_ends(std::span{&path, 1}, k_text_limit, Deadline::in(k_round_files),
                                    context_.stop())
                         .front();
  if (!found || !found->is_whole) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot compare {}{}", k_mount, path),
                 .why = found ? "it is larger than 64 MiB" : "it is not there any more",
                 .hint = "compare large outputs by a command, which workers run"}};
  }
  return found->text;
}

void TaskRounds::compare_texts(tasks::Board& board, const std::vector<tasks::Pair>& pairs)
{
  for (const auto& pair : pairs) {
    board.set_same(pair.left_file.sha256, pair.right_file.sha256,
                   tasks::is_same_csv(
                       read(pair.left), read(pair.right),
                       {.absolute = task_.compare.absolute, .relative = task_.compare.relative}));
  }
}

void TaskRounds::compare_by_command(tasks::Board& board, const std::vector<tasks::Pair>& pairs)
{
  constexpr std::size_t k_digits = 12;
  std::map<std::string, tasks::Unit> units;  // each pair of contents once
  std::map<std::string, std::pair<std::string, std::string>> digests;
  for (const auto& pair : pairs) {
    const std::vector files{pair.left_file, pair.right_file};
    auto list = tasks::render_list(files);
    const auto name = fmt::format("{}-{}", pair.left_file.sha256.substr(0, k_digits),
                                  pair.right_file.sha256.substr(0, k_digits));
    digests.emplace(name, std::pair{pair.left_file.sha256, pair.right_file.sha256});
    units.emplace(name, tasks::Unit{.name = name,
                                    .digest = sha256_hex(list),
                                    .files = {{.path = "chunk", .content = std::move(list)}}});
  }
  std::vector<tasks::Unit> wanted;
  wanted.reserve(units.size());
  for (auto& [name, unit] : units) {
    wanted.push_back(std::move(unit));
  }
  tasks::Board comparisons{setup_.data(),
                           {.root = root_,
                            .job = {.stage = "compare", .timeout = task_.timeout},
                            .retries = task_.retries},
                           std::move(wanted)};
  const auto standing = complete(comparisons, "compare");
  if (!standing.failed.empty()) {
    const auto& failures = comparisons.failures();
    throw Error{
        {.code = ErrorCode::workload,
         .what = fmt::format("the compare command of the task {} failed", task_.name),
         .why = failures.empty() ? standing.failed.front().second : failures.begin()->second.reason,
         .hint = fmt::format("see {}{}/log", k_mount,
                             failures.empty() ? root_ : failures.begin()->second.folder)}};
  }
  for (std::size_t i = 0; i < comparisons.units().size() && !flags_.is_detached; ++i) {
    const auto& [left, right] = digests.at(comparisons.units()[i].name);
    board.set_same(left, right, comparisons.exit_of(i) == 0);
  }
}

}  // namespace pecanctl::cli
