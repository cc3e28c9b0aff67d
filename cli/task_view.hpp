// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/run_setup.hpp"
#include "core/tasks/board.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::cli {

class Context;

/// What a task came to.
struct TaskOutcome {
  std::string folder = {};  ///< of the task, below /data
  std::size_t chunks = 0;
  tasks::Standing map = {};
  std::vector<std::string> files = {};  ///< of the reduction, below /data
  bool is_new = false;                  ///< something was run for it
};

/// Tells of a task: what is to be done, what came of it, and what went wrong.
class TaskView {
 public:
  TaskView(const tasks::Task& task, RunSetup& setup, Context& context);

  /// The closing lines: where the result is, and from how many results.
  void finish(const TaskOutcome& outcome);
  /// The units that failed for good, with the last words of the first ones.
  /// @throws Error workload, always.
  [[noreturn]] void fail(const tasks::Board& board, const tasks::Standing& standing,
                         std::string_view stage);
  void tell_interrupted();

 private:
  void tell_failure(const tasks::Board& board, std::size_t unit, const std::string& reason,
                    std::string_view stage, bool is_long);
  std::vector<std::string> read_log(const std::string& folder);

  const tasks::Task& task_;
  RunSetup& setup_;
  Context& context_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// "1 chunk", "12 chunks".
std::string count_chunks(std::size_t count);

}  // namespace pecanctl::cli
