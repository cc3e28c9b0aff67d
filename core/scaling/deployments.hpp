// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/consul/consul.hpp"
#include "core/scaling/request.hpp"

namespace pecanctl::scaling {

/// A request and what became of it: `pecan/instances/<name>/deployments/<request id>` in Consul,
/// JSON with `v` 1. Written before the broker's message is acknowledged, so that no request is
/// lost, and none is carried out twice.
struct Deployment {
  Request request = {};
  RequestStatus status = {};  ///< the last one
  std::string reply_to = {};  ///< the queue of who asked; empty: nobody waits
};

std::string deployment_key(std::string_view instance, std::string_view request);
std::string render_deployment(const Deployment& deployment);
std::optional<Deployment> find_deployment(consul::Client& client, std::string_view instance,
                                          std::string_view request, const Deadline& deadline,
                                          const std::stop_token& stop);
/// All that are kept, oldest first.
std::vector<Deployment> list_deployments(consul::Client& client, std::string_view instance,
                                         const Deadline& deadline, const std::stop_token& stop);
consul::Operation make_deployment(std::string_view instance, const Deployment& deployment);

}  // namespace pecanctl::scaling
