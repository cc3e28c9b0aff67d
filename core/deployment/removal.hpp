// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <stop_token>
#include <utility>
#include <vector>

#include "core/base/report.hpp"
#include "core/deployment/plan.hpp"
#include "core/engine/retire.hpp"

namespace pecanctl::deployment {

/// `count` of `candidates` are to go, the first ones rather than the last. All of one service.
struct Removal {
  std::vector<engine::Replica> candidates = {};
  std::size_t count = 0;
};

/// What the removals of a plan mean for what is there now. Where only the count matters every
/// worker of the service is a candidate. Pure.
std::vector<Removal> choose_removals(std::span<const Action> actions,
                                     std::span<const engine::Replica> replicas);

struct Removed {
  int count = 0;
  std::vector<std::pair<engine::Replica, Error>> failures = {};  ///< busy ones: timeout
};

/// Carries one out: workers leave when idle, by `policy`; other services are stopped.
/// @throws Error when the engine fails. Cancelled.
Removed carry_out(const Removal& removal, const engine::RetirePolicy& policy,
                  engine::Backend& backend, Reporter& reporter, const Deadline& deadline,
                  const std::stop_token& stop);

}  // namespace pecanctl::deployment
