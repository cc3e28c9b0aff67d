// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/rabbitmq/broker.hpp"

/// Which models live: what their workers say every 5 s to the exchange `models`, PEcAn's own
/// model.py included, beside what the broker knows of their queues.
namespace pecanctl::inspection {

/// A model, however it became known.
struct ModelStatus {
  std::string queue = {};  ///< <type>_<version>
  std::string name = {};
  std::string type = {};
  std::string version = {};
  std::string image = {};
  bool is_registered = false;               ///< in the catalogue
  std::set<std::string> live = {};          ///< ids of the workers that were heard
  std::set<std::string> hosts = {};         ///< and their hosts
  std::optional<std::uint64_t> ready = {};  ///< messages that wait; nothing: unknown, or no queue
  std::optional<std::uint64_t> consumers = {};
  std::optional<std::uint64_t> busy = {};  ///< messages being worked on
};

/// Models by queue.
using Models = std::map<std::string, ModelStatus>;

/// Takes one heartbeat into account. Returns false for what is none: it is left out.
bool hear(std::string_view body, Models& models);

/// Listens for `duration`: workers say that they live every 5 s, the first time 5 s after their
/// start. Changes nothing at the broker but a queue of this connection's own, and the exchange
/// where it is missing.
void listen(rabbitmq::Broker& broker, std::chrono::milliseconds duration, Models& models,
            const Deadline& deadline, const std::stop_token& stop);

/// How many messages of a queue are being worked on; nothing when that is unknown.
using BusyProbe = std::function<std::optional<std::uint64_t>(const std::string& queue)>;

/// Fills what the broker knows of each queue.
void look_at_queues(rabbitmq::Broker& broker, const BusyProbe& busy, Models& models,
                    const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::inspection
