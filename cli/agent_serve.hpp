// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "cli/agent.hpp"

namespace pecanctl::cli {

/// Serves what the instance publishes, where `sync.publish.listen` of its pecan.yml says; without
/// that it does nothing.
std::unique_ptr<Duty> make_serve_duty(const DutyBench& bench);

}  // namespace pecanctl::cli
