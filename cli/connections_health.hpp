// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "cli/agent_health.hpp"

namespace pecanctl::http {
class HealthServer;
}

namespace pecanctl::cli {

/// Serves /health and /metrics of `health` at `address` ("127.0.0.1:0": a free port), while it
/// lives. @throws Error usage, conflict
std::shared_ptr<http::HealthServer> serve_health(const Health& health, const std::string& address,
                                                 std::string& url);

}  // namespace pecanctl::cli
