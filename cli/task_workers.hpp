// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "cli/run_setup.hpp"
#include "core/tasks/task.hpp"

namespace pecanctl::cli {

class Context;

/// The image that all running workers of the model have, by its id. @throws Error not_found without
/// a worker; conflict when they differ, or it is not the task's.
std::string require_image(const tasks::Task& task, const RunTarget& target, Context& context);

/// @throws Error invalid, with the arithmetic, when the workers of the model may use less than a
/// job needs.
void require_resources(const tasks::Task& task, const RunTarget& target, Context& context);

/// @throws Error failed when fewer than `wanted` workers listen to the model's queue; `why` says
/// what so many are for.
void require_workers(std::size_t wanted, const std::string& why, const RunTarget& target,
                     Context& context);

}  // namespace pecanctl::cli
