// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::rabbitmq {

/// What the management API knows of a queue. A number that it did not report yet is absent, not 0
/// (a fresh queue has none for about 4 s, and all lag by up to 5 s).
struct QueueStatistics {
  std::string name;
  std::optional<std::uint64_t> ready;
  std::optional<std::uint64_t> unacknowledged;
  std::optional<std::uint64_t> consumers;
  std::optional<double> publish_rate;  ///< messages per second
  std::optional<double> ack_rate;
  std::optional<double> deliver_rate;
  std::uint64_t acknowledged = 0;  ///< messages since the broker started; 0 also when not reported
  std::uint64_t redelivered = 0;
};

struct NodeStatus {
  std::string name;
  bool has_memory_alarm = false;
  bool has_disk_alarm = false;
};

/// RabbitMQ's management API. Source: its /api/index.html. Errors as http::Transport, plus denied
/// (401, 403).
class Management {
 public:
  Management(std::unique_ptr<http::Transport> transport, std::string vhost);

  std::vector<QueueStatistics> list_queues(const Deadline& deadline, std::stop_token stop);
  std::vector<NodeStatus> list_nodes(const Deadline& deadline, std::stop_token stop);
  /// Sets a policy on the queues whose name matches `pattern` (a regular expression); `definition`
  /// is JSON. Writes only when it differs; returns whether it wrote.
  bool ensure_policy(std::string_view name, std::string_view pattern, std::string_view definition,
                     int priority, const Deadline& deadline, std::stop_token stop);
  bool remove_policy(std::string_view name, const Deadline& deadline, std::stop_token stop);

 private:
  http::Response call(http::Request request, const Deadline& deadline, std::stop_token stop);

  std::unique_ptr<http::Transport> transport_;
  std::string vhost_;  ///< percent-encoded
};

}  // namespace pecanctl::rabbitmq
