// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/broker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/rabbitmq/amqp_broker.hpp"
#include "core/rabbitmq/amqp_values.hpp"

namespace pecanctl::rabbitmq {

using std::chrono::milliseconds;

const amqp_queue_declare_ok_t& AmqpBroker::declare(amqp_queue_declare_t request,
                                                   std::string_view what, const Deadline& deadline,
                                                   const std::stop_token& stop)
{
  return *static_cast<const amqp_queue_declare_ok_t*>(connection_.call(
      Channel::control, AMQP_QUEUE_DECLARE_METHOD, &request, what, deadline, stop));
}

void AmqpBroker::ensure_queue(std::string_view name, const Deadline& deadline, std::stop_token stop)
{
  amqp_queue_declare_t request{};
  request.queue = to_bytes(name);
  request.durable = 1;
  declare(request, fmt::format("cannot declare queue '{}'", name), deadline, stop);
}

std::optional<QueueState> AmqpBroker::find_queue(std::string_view name, const Deadline& deadline,
                                                 std::stop_token stop)
{
  amqp_queue_declare_t request{};
  request.queue = to_bytes(name);
  request.passive = 1;
  try {
    const auto& found =
        declare(request, fmt::format("cannot look at queue '{}'", name), deadline, stop);
    return QueueState{.ready = found.message_count, .consumers = found.consumer_count};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) {
      return std::nullopt;
    }
    throw;
  }
}

bool AmqpBroker::remove_queue(std::string_view name, const Deadline& deadline, std::stop_token stop)
{
  if (!find_queue(name, deadline, stop)) {
    return false;  // queue.delete itself does not tell
  }
  amqp_queue_delete_t request{};
  request.queue = to_bytes(name);
  connection_.call(Channel::control, AMQP_QUEUE_DELETE_METHOD, &request,
                   fmt::format("cannot remove queue '{}'", name), deadline, stop);
  return true;
}

std::uint64_t AmqpBroker::purge_queue(std::string_view name, const Deadline& deadline,
                                      std::stop_token stop)
{
  amqp_queue_purge_t request{};
  request.queue = to_bytes(name);
  const auto* const answer =
      connection_.call(Channel::control, AMQP_QUEUE_PURGE_METHOD, &request,
                       fmt::format("cannot empty queue '{}'", name), deadline, stop);
  return static_cast<const amqp_queue_purge_ok_t*>(answer)->message_count;
}

std::string AmqpBroker::make_reply_queue(const Deadline& deadline, std::stop_token stop)
{
  amqp_queue_declare_t request{};
  request.exclusive = 1;
  const auto& made = declare(request, "cannot make a queue for replies", deadline, stop);
  return std::string{to_text(made.queue)};
}

void AmqpBroker::ensure_fanout(std::string_view name, const Deadline& deadline,
                               std::stop_token stop)
{
  amqp_exchange_declare_t request{};
  request.exchange = to_bytes(name);
  request.type = to_bytes("fanout");
  request.durable = 1;
  connection_.call(Channel::control, AMQP_EXCHANGE_DECLARE_METHOD, &request,
                   fmt::format("cannot declare exchange '{}'", name), deadline, stop);
}

void AmqpBroker::bind(std::string_view queue, std::string_view exchange, const Deadline& deadline,
                      std::stop_token stop)
{
  amqp_queue_bind_t request{};
  request.queue = to_bytes(queue);
  request.exchange = to_bytes(exchange);
  connection_.call(Channel::control, AMQP_QUEUE_BIND_METHOD, &request,
                   fmt::format("cannot bind queue '{}' to exchange '{}'", queue, exchange),
                   deadline, stop);
}

std::string AmqpBroker::consume(std::string_view queue, int prefetch, bool auto_ack,
                                const Deadline& deadline, std::stop_token stop)
{
  const auto what = fmt::format("cannot consume from queue '{}'", queue);
  is_consumer_cancelled_ = false;
  amqp_basic_qos_t limit{};
  limit.prefetch_count = static_cast<std::uint16_t>(prefetch);
  connection_.call(Channel::consume, AMQP_BASIC_QOS_METHOD, &limit, what, deadline, stop);
  amqp_basic_consume_t request{};
  request.queue = to_bytes(queue);
  request.no_ack = auto_ack ? 1 : 0;
  const auto* const answer =
      connection_.call(Channel::consume, AMQP_BASIC_CONSUME_METHOD, &request, what, deadline, stop);
  return std::string{to_text(static_cast<const amqp_basic_consume_ok_t*>(answer)->consumer_tag)};
}

void AmqpBroker::cancel_consumer(std::string_view consumer_tag, const Deadline& deadline,
                                 std::stop_token stop)
{
  amqp_basic_cancel_t request{};
  request.consumer_tag = to_bytes(consumer_tag);
  connection_.call(Channel::consume, AMQP_BASIC_CANCEL_METHOD, &request, "cannot stop consuming",
                   deadline, stop);
}

std::optional<Delivery> AmqpBroker::take_delivery()
{
  if (deliveries_.empty()) {
    return std::nullopt;
  }
  auto first = std::move(deliveries_.front());
  deliveries_.pop_front();
  return first;
}

std::optional<Delivery> AmqpBroker::next_delivery(milliseconds wait, int also_wake_fd,
                                                  std::stop_token stop)
{
  constexpr std::string_view k_what = "cannot take a message from the queue";
  const auto deadline = Deadline::in(wait);
  for (;;) {
    check_stop(stop);
    while (deliveries_.empty() && connection_.read_frame()) {
    }
    if (auto delivery = take_delivery()) {
      return delivery;
    }
    connection_.check_channel(Channel::consume, k_what);
    if (std::exchange(is_consumer_cancelled_, false)) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = std::string{k_what},
                   .why = "RabbitMQ ended the consumer: the queue was removed"}};
    }
    if (deadline.is_over() ||
        !connection_.sleep(std::min(k_longest_sleep, deadline.left()), also_wake_fd)) {
      return std::nullopt;
    }
  }
}

void AmqpBroker::ack(std::uint64_t tag)
{
  amqp_basic_ack_t request{};
  request.delivery_tag = tag;
  connection_.send(Channel::consume, AMQP_BASIC_ACK_METHOD, &request,
                   "cannot acknowledge a message");
}

void AmqpBroker::reject(std::uint64_t tag, bool requeue)
{
  amqp_basic_reject_t request{};
  request.delivery_tag = tag;
  request.requeue = requeue ? 1 : 0;
  connection_.send(Channel::consume, AMQP_BASIC_REJECT_METHOD, &request, "cannot reject a message");
}

std::unique_ptr<Broker> connect(const Endpoint& endpoint, const Deadline& deadline,
                                std::stop_token stop)
{
  return std::make_unique<AmqpBroker>(endpoint, deadline, std::move(stop));
}

}  // namespace pecanctl::rabbitmq
