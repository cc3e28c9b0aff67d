// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/tasks/board.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::tasks {

/// A task with what its input is cut into.
struct Bundle {
  std::string root = {};  ///< its folder in /data: "tasks/<name>-<first digits of what it is>"
  std::vector<Unit> chunks = {};
  std::uint64_t bytes = 0;  ///< of all chunks
};

/// What goes on all workers besides the task.
struct Surroundings {
  std::string harness = {};   ///< text of harness.sh
  std::string image_id = {};  ///< of the workers: other programs are another task
};

/// Cuts the input, keeping of each chunk what identifies it. @throws Error invalid (nothing to cut
/// included), not_found, denied; Cancelled.
Bundle survey(const Task& task, const Surroundings& surroundings, const std::stop_token& stop);

/// How far making is: chunks done.
using OnMade = std::function<void(std::size_t)>;

/// Makes the task's folder, chunk by chunk, and last what says that it is whole; what is there
/// already stays. @throws Error denied, invalid when the input has changed since the survey;
/// Cancelled.
void make_bundle(engine::DataAccess& data, const Task& task, const Surroundings& surroundings,
                 const Bundle& bundle, const OnMade& on_made, const Deadline& deadline,
                 const std::stop_token& stop);

/// Whether it was made, whole.
bool is_made(engine::DataAccess& data, const Bundle& bundle, const Deadline& deadline,
             const std::stop_token& stop);

}  // namespace pecanctl::tasks
