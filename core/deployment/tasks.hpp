// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/deployment/task.hpp"
#include "core/deployment/wait.hpp"
#include "core/postgres/database.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::deployment {

/// The instance's own broker and database, connected to when first needed and again after the
/// connection broke.
class Services {
 public:
  virtual ~Services() = default;
  /// @throws Error unreachable, denied, timeout; Cancelled.
  virtual rabbitmq::Broker& broker(const Deadline& deadline, const std::stop_token& stop) = 0;
  virtual postgres::Database& database(const Deadline& deadline, const std::stop_token& stop) = 0;
  /// Drops the connections: the next use connects anew (the endpoints may have moved).
  virtual void forget() = 0;
};

/// What a deploy sets up besides containers: one durable queue per model before its workers start
/// (declared as PEcAn's worker declares it, without arguments), and in database `bety` the tables
/// that pecanctl uses
/// (`tables`, idempotent SQL) with the role `bety`.
std::vector<Task> make_tasks(const stack::Stack& stack, Services& services,
                             const std::string& tables, const Secret& bety_password);

/// Content when as many consumers as workers are registered at the queue.
WorkerProbe make_worker_probe(Services& services);

}  // namespace pecanctl::deployment
