// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::rabbitmq {

struct Endpoint {
  std::string host = "127.0.0.1";
  int port = 5672;
  std::string user = {};
  Secret password = {};
  std::string vhost = "/";
  bool use_tls = false;
  std::string connection_name = "pecanctl";  ///< shown by the broker's management page
};

/// Reads "amqp://user:password@host:port/vhost" (vhost percent-encoded, "%2F" is "/"; amqps means
/// TLS). Source: RabbitMQ URI specification. @throws Error invalid, without the password.
Endpoint parse_amqp_url(std::string_view url);

/// Live figures of a passive declare: `ready` messages wait in the queue; those being worked on are
/// not counted.
struct QueueState {
  std::uint64_t ready = 0;
  std::uint64_t consumers = 0;
};

struct Message {
  std::string body = {};
  std::string message_id = {};
  std::string correlation_id = {};
  std::string reply_to = {};
  std::string content_type = "application/json";
  bool is_persistent = true;
};

enum class PublishOutcome {
  confirmed,    ///< the broker has it on disk, in the queue
  returned,     ///< no such queue: it is nowhere
  refused,      ///< nacked: it is nowhere
  unconfirmed,  ///< sent, but the connection ended before the answer: it may be there
};

struct Delivery {
  std::uint64_t tag = 0;
  bool is_redelivered = false;
  Message message = {};
};

/// One AMQP 0-9-1 connection over librabbitmq. Not thread-safe. Consuming, confirmed publishing,
/// transient messages and the rest have a channel each, opened when needed: an error (404, 405,
/// 406) closes only the channel it happens on, and the object stays usable. Every call ends by its
/// deadline and, within 250 ms, at a stop, also when the broker does not read (memory alarm).
/// Errors: unreachable (no connection, or it broke), denied (403, login), not_found (404), conflict
/// (405, 406), timeout; Cancelled. After unreachable, and after a timeout or Cancelled of anything
/// but `publish`, build a new Broker. Source: AMQP 0-9-1, RabbitMQ's extensions.
class Broker {
 public:
  virtual ~Broker() = default;

  /// Durable, without any argument: what PEcAn's model.py declares. Exists already: nothing
  /// happens.
  virtual void ensure_queue(std::string_view name, const Deadline& deadline,
                            std::stop_token stop) = 0;
  /// Nothing when there is no such queue.
  virtual std::optional<QueueState> find_queue(std::string_view name, const Deadline& deadline,
                                               std::stop_token stop) = 0;
  /// Removes the queue and returns whether there was one.
  virtual bool remove_queue(std::string_view name, const Deadline& deadline,
                            std::stop_token stop) = 0;
  /// Takes the ready messages out of the queue; returns how many.
  virtual std::uint64_t purge_queue(std::string_view name, const Deadline& deadline,
                                    std::stop_token stop) = 0;
  /// An exclusive queue that ends with this connection; returns the name the broker chose.
  virtual std::string make_reply_queue(const Deadline& deadline, std::stop_token stop) = 0;
  /// Durable fanout exchange (PEcAn's `models`); exists already: nothing happens.
  virtual void ensure_fanout(std::string_view name, const Deadline& deadline,
                             std::stop_token stop) = 0;
  virtual void bind(std::string_view queue, std::string_view exchange, const Deadline& deadline,
                    std::stop_token stop) = 0;

  /// Publishes to the default exchange, mandatory, with at most `window` unanswered; calls
  /// `on_outcome(i, outcome)` once for each message, in any order, before it returns or throws
  /// (`unconfirmed` for what was under way when the connection broke; messages never sent get no
  /// call). At connection.blocked it waits until unblocked or the deadline, then throws timeout
  /// with the broker's reason.
  virtual void publish(std::string_view queue, std::span<const Message> messages,
                       std::size_t window,
                       const std::function<void(std::size_t, PublishOutcome)>& on_outcome,
                       const Deadline& deadline, std::stop_token stop) = 0;
  /// Fire and forget to an exchange (heartbeats, replies): not persistent, not confirmed.
  virtual void publish_transient(std::string_view exchange, std::string_view routing_key,
                                 const Message& message, const Deadline& deadline,
                                 std::stop_token stop) = 0;

  /// Begins to consume; `prefetch` unacknowledged deliveries at most. Returns the consumer tag.
  virtual std::string consume(std::string_view queue, int prefetch, bool auto_ack,
                              const Deadline& deadline, std::stop_token stop) = 0;
  virtual void cancel_consumer(std::string_view consumer_tag, const Deadline& deadline,
                               std::stop_token stop) = 0;
  /// The next delivery, or nothing when `wait` is over. Serves heartbeats meanwhile; call at least
  /// every 15 s. When `also_wake_fd` is not -1, returns nothing as soon as that descriptor is
  /// readable.
  virtual std::optional<Delivery> next_delivery(std::chrono::milliseconds wait, int also_wake_fd,
                                                std::stop_token stop) = 0;
  /// Acknowledges a delivery of this connection. @throws Error conflict when its channel was closed
  /// meanwhile (consumer_timeout): the broker has given the message back.
  virtual void ack(std::uint64_t tag) = 0;
  /// Rejects: back into the queue, or dropped (dead-lettered where a policy says so).
  virtual void reject(std::uint64_t tag, bool requeue) = 0;
};

/// Connects and logs in. Announces publisher confirms, basic.nack, connection.blocked, consumer
/// cancellation.
std::unique_ptr<Broker> connect(const Endpoint& endpoint, const Deadline& deadline,
                                std::stop_token stop);

}  // namespace pecanctl::rabbitmq
