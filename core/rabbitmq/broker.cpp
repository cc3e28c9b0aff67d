// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/broker.hpp"

#include <amqp.h>
#include <amqp_framing.h>

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "core/rabbitmq/amqp_values.hpp"
#include "core/rabbitmq/confirm_window.hpp"
#include "core/rabbitmq/connection.hpp"
#include "core/rabbitmq/stall_guard.hpp"
#include "core/rabbitmq/tcp.hpp"

namespace pecanctl::rabbitmq {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_longest_sleep{250};
// Looking for answers costs as much as sending a small message; before more than this is on its way
// a broker that has had enough must be heard, or sending blocks.
constexpr std::size_t k_bytes_between_looks = std::size_t{64} * 1024;
constexpr std::size_t k_message_overhead = 1024;

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
  std::optional<Delivery> next_delivery(milliseconds wait, int also_wake_fd,
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

void AmqpBroker::open_confirming(std::string_view what, const Deadline& deadline,
                                 const std::stop_token& stop)
{
  if (connection_.open(Channel::confirm, what, deadline, stop)) {
    last_tag_ = 0;
    amqp_confirm_select_t request{};
    connection_.call(Channel::confirm, AMQP_CONFIRM_SELECT_METHOD, &request, what, deadline, stop);
  }
}

// Sending may have stalled before the broker's reason for it, or its last confirmations, were read.
void AmqpBroker::hear_out()
{
  try {
    while (connection_.read_frame()) {
    }
  } catch (const Error&) {  // what is told is why sending ended
  }
}

void AmqpBroker::publish(std::string_view queue, std::span<const Message> messages,
                         std::size_t window,
                         const std::function<void(std::size_t, PublishOutcome)>& on_outcome,
                         const Deadline& deadline, std::stop_token stop)
{
  const auto what = fmt::format("cannot publish to queue '{}'", queue);
  open_confirming(what, deadline, stop);
  ConfirmWindow unanswered{messages, on_outcome};
  unanswered_ = &unanswered;
  const auto finish = [&] {
    unanswered_ = nullptr;
    unanswered.give_up();
  };
  try {
    send_and_confirm(queue, messages, window, what, deadline, stop);
  } catch (const Cancelled&) {
    finish();
    throw;
  } catch (const Error&) {
    hear_out();
    finish();
    check_stop(stop);                        // what looks like a broken connection may be
    check_publishing(what, deadline, stop);  // the guard's work
    throw;
  }
  finish();
}

void AmqpBroker::send_and_confirm(std::string_view queue, std::span<const Message> messages,
                                  std::size_t window, std::string_view what,
                                  const Deadline& deadline, const std::stop_token& stop)
{
  const StallGuard guard{connection_.socket(), deadline, stop};
  const auto room = std::max<std::size_t>(window, 1);
  std::size_t unheard = k_bytes_between_looks;  // sent since the last look
  for (std::size_t next = 0; next < messages.size() || unanswered_->size() > 0;) {
    if (next == messages.size() || unanswered_->size() >= room || connection_.is_blocked() ||
        unheard >= k_bytes_between_looks) {
      unheard = 0;
      while (connection_.read_frame()) {
      }
    }
    connection_.check_channel(Channel::confirm, what);
    if (next == messages.size() && unanswered_->size() == 0) {
      return;
    }
    check_publishing(what, deadline, stop);
    const bool has_room = unanswered_->size() < room;
    if (next < messages.size() && has_room && !connection_.is_blocked()) {
      send_one(queue, messages[next], next, what, deadline, stop);
      unheard += k_message_overhead + messages[next].body.size();
      ++next;
    } else {
      connection_.sleep(std::min(k_longest_sleep, deadline.left()), -1);
    }
  }
}

void AmqpBroker::send_one(std::string_view queue, const Message& message, std::size_t index,
                          std::string_view what, const Deadline& deadline,
                          const std::stop_token& stop)
{
  wait_writable(connection_.socket(), what, deadline, stop);
  unanswered_->sent(++last_tag_, index);
  connection_.send_content(Channel::confirm, "", queue, true, message);
}

// Throws when the time is over or a stop was requested.
void AmqpBroker::check_publishing(std::string_view what, const Deadline& deadline,
                                  const std::stop_token& stop)
{
  check_stop(stop);
  if (!deadline.is_over()) {
    return;
  }
  const auto& address = connection_.address();
  throw Error{{.code = ErrorCode::timeout,
               .what = std::string{what},
               .why = connection_.is_blocked()
                          ? fmt::format("RabbitMQ at {} blocks publishers: {}", address,
                                        connection_.blocked_reason())
                          : fmt::format("RabbitMQ at {} did not confirm in time", address),
               .hint = connection_.is_blocked()
                           ? "free memory or disk space on the broker's machine"
                           : ""}};
}

void AmqpBroker::publish_transient(std::string_view exchange, std::string_view routing_key,
                                   const Message& message, const Deadline& deadline,
                                   std::stop_token stop)
{
  const auto what = fmt::format("cannot send to exchange '{}'", exchange);
  connection_.open(Channel::transient, what, deadline, stop);
  const StallGuard guard{connection_.socket(), deadline, stop};
  while (connection_.is_blocked()) {
    check_publishing(what, deadline, stop);
    if (!connection_.read_frame()) {
      connection_.sleep(std::min(k_longest_sleep, deadline.left()), -1);
    }
  }
  wait_writable(connection_.socket(), what, deadline, stop);
  auto transient = message;
  transient.is_persistent = false;
  connection_.send_content(Channel::transient, exchange, routing_key, false, transient);
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

void AmqpBroker::on_return(const Message& message)
{
  if (unanswered_ != nullptr) {
    unanswered_->returned(message);
  }
}

void AmqpBroker::on_answer(std::uint64_t tag, bool is_multiple, bool is_acked)
{
  if (unanswered_ != nullptr) {
    unanswered_->answered(tag, is_multiple, is_acked);
  }
}

}  // namespace

std::unique_ptr<Broker> connect(const Endpoint& endpoint, const Deadline& deadline,
                                std::stop_token stop)
{
  return std::make_unique<AmqpBroker>(endpoint, deadline, std::move(stop));
}

}  // namespace pecanctl::rabbitmq
