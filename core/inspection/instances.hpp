// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/consul/consul.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::inspection {

/// An instance that this machine or Consul knows.
struct KnownInstance {
  std::string name = {};
  std::string owner = {};
  /// healthy; degraded; stopped (its data is here, nothing runs); elsewhere (on another host); lost
  /// (Consul says that it is here, and nothing is).
  std::string state = {};
  std::size_t running = 0;
  std::size_t containers = 0;
  std::size_t volumes = 0;
  int revision = 0;
  std::string release = {};
  std::string file = {};
  std::string host = {};
};

/// Those that have something on this machine, by name.
std::vector<KnownInstance> list_local(engine::View& view, const std::string& host,
                                      const Deadline& deadline, const std::stop_token& stop);

/// Adds what Consul tells: of those in `instances`, their release; and those of other machines.
/// Source: core/deployment/index, pecan/instances/<name>/meta.
void add_published(std::vector<KnownInstance>& instances, consul::Client& consul,
                   const std::string& host, const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::inspection
