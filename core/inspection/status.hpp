// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/backend.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/stack/stack.hpp"

/// Looks at an instance. Changes nothing, takes no lock, and gets along with what does not answer.
namespace pecanctl::inspection {

/// Workers of a model and their queue. A number that could not be had is absent.
struct WorkerStatus {
  std::string queue = {};
  std::optional<std::uint64_t> ready = {};      ///< messages that wait
  std::optional<std::uint64_t> consumers = {};  ///< workers that the broker knows
  std::size_t busy = 0;
  std::size_t idle = 0;
};

struct ServiceStatus {
  std::string name = {};
  std::string state = {};  ///< healthy, running, starting, unhealthy, partial, exited, missing, …
  std::size_t running = 0;
  std::size_t wanted = 0;
  std::string image = {};
  std::optional<std::chrono::system_clock::time_point> since = {};
  std::vector<std::string> endpoints = {};  ///< "127.0.0.1:32786 -> 5672"
  std::optional<WorkerStatus> workers = {};
};

struct InstanceStatus {
  std::string name = {};
  std::string state = {};  ///< healthy, degraded, absent
  int revision = 0;
  std::vector<ServiceStatus> services = {};
  std::vector<std::string> problems = {};  ///< what could not be looked at, and why
};

/// Live state of a queue, or nothing when there is none. @throws Error when the broker does not
/// answer.
using QueueProbe = std::function<std::optional<rabbitmq::QueueState>(const std::string& queue)>;

/// What `observed` says of the services of `wanted` (and of those it does not know). `queues` may
/// be empty.
InstanceStatus inspect(const std::string& name, const std::vector<stack::Service>& wanted,
                       const std::map<std::string, int>& replicas,
                       const engine::Observation& observed, engine::View& view,
                       const QueueProbe& queues, const Deadline& deadline,
                       const std::stop_token& stop);

}  // namespace pecanctl::inspection
