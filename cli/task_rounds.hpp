// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run_flags.hpp"
#include "cli/run_reports.hpp"
#include "cli/run_setup.hpp"
#include "core/tasks/board.hpp"
#include "core/tasks/task.hpp"
#include "core/workflow/begin.hpp"

namespace pecanctl::cli {

class Context;

/// Runs the jobs of a task's stages, round after round: each round is a run like any other.
class TaskRounds {
 public:
  TaskRounds(const tasks::Task& task, std::string root, const RunTarget& target,
             const RunFlags& flags, RunSetup& setup, Context& context);

  /// Until every unit is verified, or one has failed for good. With --detach the first round is
  /// only sent. @throws Error failed (too few workers), timeout, unreachable; Cancelled.
  tasks::Standing complete(tasks::Board& board, std::string_view stage);

  /// Whether a round was sent.
  bool has_run() const { return has_run_; }

 private:
  using Words = std::map<std::string, std::string>;  // by slot folder

  workflow::Begun begin(const std::vector<std::string>& folders, std::string_view stage);
  Words run(const std::vector<std::string>& folders, std::string_view stage);
  void compare(tasks::Board& board, const std::vector<tasks::Pair>& pairs);
  void compare_texts(tasks::Board& board, const std::vector<tasks::Pair>& pairs);
  void compare_by_command(tasks::Board& board, const std::vector<tasks::Pair>& pairs);
  std::string read(const std::string& path);

  const tasks::Task& task_;
  std::string root_;
  const RunTarget& target_;
  const RunFlags& flags_;
  RunSetup& setup_;
  Context& context_;
  RunReports reports_;
  std::minstd_rand chance_{std::random_device{}()};
  bool has_run_ = false;
};

}  // namespace pecanctl::cli
