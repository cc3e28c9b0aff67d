// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "cli/agent.hpp"

namespace pecanctl::cli {

/// Takes requests from the queue `elasticity-deploy`: edits pecan.yml where it says something else,
/// deploys, and tells on `elasticity-deploy-status`, and whoever asked, how that goes. A request is
/// acknowledged after pecan.yml and its record in Consul are durable; one that was interrupted
/// after that goes on with the next agent.
std::unique_ptr<Duty> make_deploy_duty(const DutyBench& bench);

}  // namespace pecanctl::cli
