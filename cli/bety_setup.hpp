// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "core/deployment/task.hpp"

namespace pecanctl::cli {

class Context;

/// The steps of a deploy of the profile full that set up BETY. They use `context` until they are
/// done.
std::vector<deployment::Task> make_bety_tasks(Context& context, bool wants_demo_data);

}  // namespace pecanctl::cli
