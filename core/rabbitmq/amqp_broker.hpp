// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <amqp.h>
#include <amqp_framing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "core/rabbitmq/broker.hpp"
#include "core/rabbitmq/confirm_window.hpp"
#include "core/rabbitmq/connection.hpp"

// Private to this folder.
namespace pecanctl::rabbitmq {

/// How long a wait may last before its deadline and stop are looked at again.
inline constexpr std::chrono::milliseconds k_longest_sleep{250};

/// A Broker over one connection, each purpose on a channel of its own.
class AmqpBroker : public Broker, private Listener {
 public:
  AmqpBroker(const Endpoint& endpoint, const Deadline& deadline, std::stop_token stop)
      : connection_{endpoint, *this, deadline, std::move(stop)}
  {
  }

  void ensure_queue(std::string_view name, const Deadline& deadline, std::stop_token stop) override;
  std::optional<QueueState> find_queue(std::string_view name, const Deadline& deadline,
                                       std::stop_token stop) override;
  bool remove_queue(std::string_view name, const Deadline& deadline, std::stop_token stop) override;
  std::uint64_t purge_queue(std::string_view name, const Deadline& deadline,
                            std::stop_token stop) override;
  std::string make_reply_queue(const Deadline& deadline, std::stop_token stop) override;
  void ensure_fanout(std::string_view name, const Deadline& deadline,
                     std::stop_token stop) override;
  void bind(std::string_view queue, std::string_view exchange, const Deadline& deadline,
            std::stop_token stop) override;
  void publish(std::string_view queue, std::span<const Message> messages, std::size_t window,
               const std::function<void(std::size_t, PublishOutcome)>& on_outcome,
               const Deadline& deadline, std::stop_token stop) override;
  void publish_transient(std::string_view exchange, std::string_view routing_key,
                         const Message& message, const Deadline& deadline,
                         std::stop_token stop) override;
  std::string consume(std::string_view queue, int prefetch, bool auto_ack, const Deadline& deadline,
                      std::stop_token stop) override;
  void cancel_consumer(std::string_view consumer_tag, const Deadline& deadline,
                       std::stop_token stop) override;
  std::optional<Delivery> next_delivery(std::chrono::milliseconds wait, int also_wake_fd,
                                        std::stop_token stop) override;
  void ack(std::uint64_t tag) override;
  void reject(std::uint64_t tag, bool requeue) override;

 private:
  void on_delivery(Delivery delivery) override { deliveries_.push_back(std::move(delivery)); }

  void on_return(const Message& message) override;
  void on_answer(std::uint64_t tag, bool is_multiple, bool is_acked) override;

  void on_consumer_cancelled() override { is_consumer_cancelled_ = true; }

  const amqp_queue_declare_ok_t& declare(amqp_queue_declare_t request, std::string_view what,
                                         const Deadline& deadline, const std::stop_token& stop);
  void open_confirming(std::string_view what, const Deadline& deadline,
                       const std::stop_token& stop);
  void hear_out();
  void send_and_confirm(std::string_view queue, std::span<const Message> messages,
                        std::size_t window, std::string_view what, const Deadline& deadline,
                        const std::stop_token& stop);
  void send_one(std::string_view queue, const Message& message, std::size_t index,
                std::string_view what, const Deadline& deadline, const std::stop_token& stop);
  void check_publishing(std::string_view what, const Deadline& deadline,
                        const std::stop_token& stop);
  std::optional<Delivery> take_delivery();

  std::deque<Delivery> deliveries_;
  bool is_consumer_cancelled_ = false;
  std::uint64_t last_tag_ = 0;           ///< of the confirm channel
  ConfirmWindow* unanswered_ = nullptr;  ///< of the publish that runs
  Connection connection_;                ///< last: its listener is complete before it
};

}  // namespace pecanctl::rabbitmq
