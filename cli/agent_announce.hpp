// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "cli/agent.hpp"

namespace pecanctl::cli {

/// Keeps Consul's catalogue as the labels of the containers say: a service for each healthy
/// container that publishes a port, under its id `pecanctl/<instance>/<service>-<number>:<port>`,
/// and none for one that is gone. Looks each time at all of it; nothing is remembered that a
/// restart of Docker or Consul could make wrong.
std::unique_ptr<Duty> make_announce_duty(const DutyBench& bench);

}  // namespace pecanctl::cli
