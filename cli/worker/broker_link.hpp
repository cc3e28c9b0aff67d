// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <thread>

#include "cli/worker/config.hpp"
#include "cli/worker/log.hpp"
#include "core/base/fd.hpp"
#include "core/rabbitmq/broker.hpp"

namespace pecanctl::worker {

/// The connection to the broker, made again for ever when it is lost. Connecting (name lookup,
/// login, declaring, first heartbeat) happens in a thread, so that a job's output and signals are
/// served meanwhile.
class BrokerLink {
 public:
  /// `queue` and the exchange of heartbeats are declared on every connection. `log` outlives it.
  BrokerLink(rabbitmq::Endpoint endpoint, std::string queue, Log& log);

  /// Nothing while there is no connection.
  rabbitmq::Broker* get() const { return broker_.get(); }

  /// Readable when an attempt ended.
  int wake_fd() const { return done_.get(); }

  /// Begins an attempt when one is due, and takes its result; returns whether we are connected
  /// anew.
  bool serve();
  /// The connection broke.
  void drop(const Error& error);
  /// Says goodbye, so that nothing sent is lost.
  void close();
  /// Until the next attempt; `longest` when none is due.
  std::chrono::milliseconds until_attempt(std::chrono::milliseconds longest) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<rabbitmq::Broker> connect(const std::stop_token& stop) const;
  void begin_attempt();
  void note_failure(const Error& error);

  rabbitmq::Endpoint endpoint_;
  std::string queue_;
  Log& log_;
  Fd done_;
  std::unique_ptr<rabbitmq::Broker> broker_;
  std::future<std::unique_ptr<rabbitmq::Broker>> result_;
  Clock::time_point next_attempt_ = Clock::now();
  Clock::time_point connected_at_ = {};
  int failures_ = 0;          ///< in a row; a connection that does not last is one
  std::string last_failure_;  ///< said once, until it changes
  std::minstd_rand rng_{std::random_device{}()};
  std::jthread attempt_;  ///< last: ends before what it uses
};

}  // namespace pecanctl::worker
