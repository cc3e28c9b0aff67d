// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pecanctl::cli {

class Context;

/// What `deploy MODEL… --via` asks the agent of another instance for.
struct RemoteDeploy {
  std::string url = {};  ///< amqp://… of that instance's broker
  std::string action = "deploy";
  std::vector<std::string> models = {};
  std::string image = {};
  int min = 0;
  int max = 1;
  std::string memory = {};
  std::optional<double> cpus = {};
  std::string request_id = {};  ///< empty: a fresh one
};

/// Sends the request, shows what becomes of it, and ends with that.
/// @throws Error unreachable: no such broker, or no agent serves it; invalid: rejected; failed;
/// timeout: no outcome in time (the request stays). Cancelled: the same.
void deploy_via(const RemoteDeploy& wish, Context& context);

/// `status --deployments`: the requests that the instance got, and what became of them.
void show_deployments(Context& context);

}  // namespace pecanctl::cli
