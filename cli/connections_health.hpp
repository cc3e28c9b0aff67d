// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/agent_health.hpp"

namespace pecanctl::http {
class FormServer;
class HealthServer;
}  // namespace pecanctl::http

namespace pecanctl::cli {

struct ListenAddress {
  std::string host = {};
  int port = 0;  ///< 0: a free one
};

/// Pure. @throws Error usage: not ADDRESS:PORT, such as `example`.
ListenAddress parse_listen_address(const std::string& address, const std::string& example);

/// Serves /health and /metrics of `health` at `address` ("127.0.0.1:0": a free port), while it
/// lives. @throws Error usage, conflict
std::shared_ptr<http::HealthServer> serve_health(const Health& health, const std::string& address,
                                                 std::string& url);

/// Takes forms at `address` and `path`, and answers each with the JSON that `handle` makes of it,
/// on any thread. @throws Error usage, conflict
std::shared_ptr<http::FormServer> serve_form(
    const std::string& address, const std::string& path,
    const std::function<std::string(std::string_view)>& handle, std::string& url);

}  // namespace pecanctl::cli
