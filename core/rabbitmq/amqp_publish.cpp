// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/amqp_broker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/rabbitmq/amqp_values.hpp"
#include "core/rabbitmq/stall_guard.hpp"
#include "core/rabbitmq/tcp.hpp"

namespace pecanctl::rabbitmq {
namespace {

// Looking for answers costs as much as sending a small message; before more than this is on its way
// a broker that has had enough must be heard, or sending blocks.
constexpr std::size_t k_bytes_between_looks = std::size_t{64} * 1024;
constexpr std::size_t k_message_overhead = 1024;

}  // namespace

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

}  // namespace pecanctl::rabbitmq
