// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/connection.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/rabbitmq/amqp_values.hpp"
#include "core/rabbitmq/login.hpp"
#include "core/rabbitmq/tcp.hpp"

namespace pecanctl::rabbitmq {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_tick{250};
constexpr milliseconds k_send_limit{10'000};  // of an acknowledgement

}  // namespace

void Connection::StateDeleter::operator()(amqp_connection_state_t_* state) const
{
  amqp_destroy_connection(state);
}

Connection::Connection(const Endpoint& endpoint, Listener& listener, const Deadline& deadline,
                       std::stop_token stop)
    : listener_{listener},
      address_{fmt::format("{}:{}", endpoint.host, endpoint.port)},
      state_{amqp_new_connection()}
{
  if (!state_) {
    throw std::bad_alloc{};
  }
  open_socket(state_.get(), endpoint, deadline, stop);
  log_in(state_.get(), endpoint, deadline, stop);
}

Connection::~Connection()
{
  pollfd entry{.fd = socket(), .events = POLLOUT, .revents = 0};
  if (!lost_.empty() || entry.fd < 0 || ::poll(&entry, 1, 0) != 1 || entry.revents != POLLOUT) {
    return;
  }
  // Waits for the broker's answer: closing at once could make the kernel drop our last
  // acknowledgement.
  const timeval limit = to_timeval(milliseconds{500});
  if (amqp_set_rpc_timeout(state_.get(), &limit) == AMQP_STATUS_OK) {
    amqp_connection_close(state_.get(), AMQP_REPLY_SUCCESS);
  }
}

int Connection::socket() const
{
  return amqp_get_sockfd(state_.get());
}

void Connection::check_usable()
{
  if (!lost_.empty()) {
    lose(lost_);
  }
}

void Connection::lose(std::string why)
{
  lost_ = std::move(why);
  throw Error{{.code = ErrorCode::unreachable,
               .what = fmt::format("lost the connection to RabbitMQ at {}", address_),
               .why = lost_}};
}

void Connection::check_status(int status)
{
  if (status != AMQP_STATUS_OK) {
    lose(amqp_error_string2(status));
  }
}

void Connection::send_method(std::uint16_t channel, std::uint32_t id, void* request)
{
  check_status(amqp_send_method(state_.get(), channel, id, request));
}

bool Connection::open(Channel channel, std::string_view what, const Deadline& deadline,
                      const std::stop_token& stop)
{
  check_usable();
  while (read_frame()) {
  }
  if (is_open(channel)) {
    return false;
  }
  state_of(channel) = {.is_open = true};
  amqp_channel_open_t request{.out_of_band = amqp_empty_bytes};
  call(channel, AMQP_CHANNEL_OPEN_METHOD, &request, what, deadline, stop);
  return true;
}

const void* Connection::call(Channel channel, std::uint32_t id, void* request,
                             std::string_view what, const Deadline& deadline,
                             const std::stop_token& stop)
{
  check_stop(stop);
  open(channel, what, deadline, stop);
  try {
    wait_writable(socket(), what, deadline, stop);
    send_method(static_cast<std::uint16_t>(channel), id, request);
    return wait_for_answer(channel, id + 1, what, deadline, stop);  // every X-ok is X plus one
  } catch (const Cancelled&) {
    lost_ = "a request was interrupted";  // its late answer would be taken for another's
    throw;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::timeout) {
      lost_ = "a request got no answer in time";
    }
    throw;
  }
}

const void* Connection::wait_for_answer(Channel channel, std::uint32_t id, std::string_view what,
                                        const Deadline& deadline, const std::stop_token& stop)
{
  answer_channel_ = channel;
  answer_id_ = id;
  answer_ = nullptr;
  while (answer_ == nullptr) {
    if (!read_frame()) {
      check_channel(channel, what);
      check_stop(stop);
      if (deadline.is_over()) {
        throw Error{{.code = ErrorCode::timeout,
                     .what = std::string{what},
                     .why = fmt::format("RabbitMQ at {} did not answer in time", address_)}};
      }
      sleep(std::min(k_tick, deadline.left()), -1);
    }
  }
  answer_id_ = 0;
  return answer_;
}

void Connection::send(Channel channel, std::uint32_t id, void* request, std::string_view what)
{
  check_usable();
  check_channel(channel, what);
  if (!is_open(channel)) {
    throw Error{
        {.code = ErrorCode::conflict,
         .what = std::string{what},
         .why = fmt::format("RabbitMQ at {} closed the channel of the delivery", address_)}};
  }
  wait_writable(socket(), what, Deadline::in(k_send_limit), {});
  send_method(static_cast<std::uint16_t>(channel), id, request);
}

void Connection::send_content(Channel channel, std::string_view exchange,
                              std::string_view routing_key, bool is_mandatory,
                              const Message& message)
{
  check_usable();
  const auto properties = to_properties(message);
  check_status(amqp_basic_publish(state_.get(), static_cast<std::uint16_t>(channel),
                                  to_bytes(exchange), to_bytes(routing_key), is_mandatory ? 1 : 0,
                                  0, &properties, to_bytes(message.body)));
}

void Connection::check_channel(Channel channel, std::string_view what)
{
  auto& state = state_of(channel);
  if (state.close_code != 0) {
    const int code = std::exchange(state.close_code, 0);
    throw Error{{.code = code_of(code),
                 .what = std::string{what},
                 .why = describe_refusal(address_, code, state.close_text)}};
  }
}

bool Connection::read_frame()
{
  check_usable();
  auto* const state = state_.get();
  amqp_maybe_release_buffers(state);
  amqp_frame_t frame;
  const timeval now{};
  const int status = amqp_simple_wait_frame_noblock(state, &frame, &now);
  if (status == AMQP_STATUS_TIMEOUT) {
    return false;
  }
  check_status(status);
  handle(frame);
  return true;
}

bool Connection::sleep(milliseconds wait, int also_wake_fd) const
{
  auto* const state = state_.get();
  if (amqp_frames_enqueued(state) != 0 || amqp_data_in_buffer(state) != 0) {
    return true;
  }
  std::array<pollfd, 2> entries{pollfd{.fd = socket(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = also_wake_fd, .events = POLLIN, .revents = 0}};
  ::poll(entries.data(), entries.size(), static_cast<int>(std::min(wait, k_tick).count()));
  return entries[1].revents == 0;
}

void Connection::handle(const amqp_frame_t_& frame)
{
  if (frame.channel == 0) {
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      handle_connection_method(frame.payload.method);
    }
    return;  // a heartbeat: the library hands over those it met while sending
  }
  if (frame.channel >= channels_.size()) {
    lose("RabbitMQ spoke on a channel that is not open");
  }
  const auto channel = static_cast<Channel>(frame.channel);
  if (frame.frame_type == AMQP_FRAME_METHOD) {
    handle_channel_method(channel, frame.payload.method);
  } else if (frame.frame_type == AMQP_FRAME_HEADER) {
    begin_content(state_of(channel), frame);
  } else if (frame.frame_type == AMQP_FRAME_BODY) {
    add_content(state_of(channel), to_text(frame.payload.body_fragment));
  }
}

void Connection::handle_connection_method(const amqp_method_t_& method)
{
  if (method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
    blocked_reason_ =
        to_text(static_cast<const amqp_connection_blocked_t*>(method.decoded)->reason);
  } else if (method.id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
    blocked_reason_.reset();
  } else if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_connection_close_t*>(method.decoded);
    auto why = describe_refusal(address_, close.reply_code, to_text(close.reply_text));
    amqp_connection_close_ok_t answer{};
    amqp_send_method(state_.get(), 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
    lose(std::move(why));
  }
}

void Connection::handle_channel_method(Channel channel, const amqp_method_t_& method)
{
  auto& state = state_of(channel);
  switch (method.id) {
    case AMQP_CHANNEL_CLOSE_METHOD:
      handle_close(channel, method);
      return;
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto& deliver = *static_cast<const amqp_basic_deliver_t*>(method.decoded);
      state.arriving =
          Delivery{.tag = deliver.delivery_tag, .is_redelivered = deliver.redelivered != 0};
      state.is_return = false;
      return;
    }
    case AMQP_BASIC_RETURN_METHOD:
      state.arriving = Delivery{};
      state.is_return = true;
      return;
    case AMQP_BASIC_ACK_METHOD: {
      const auto& ack = *static_cast<const amqp_basic_ack_t*>(method.decoded);
      listener_.on_answer(ack.delivery_tag, ack.multiple != 0, true);
      return;
    }
    case AMQP_BASIC_NACK_METHOD: {
      const auto& nack = *static_cast<const amqp_basic_nack_t*>(method.decoded);
      listener_.on_answer(nack.delivery_tag, nack.multiple != 0, false);
      return;
    }
    case AMQP_BASIC_CANCEL_METHOD:
      listener_.on_consumer_cancelled();
      return;
    default:
      if (channel == answer_channel_ && method.id == answer_id_) {
        answer_ = method.decoded;
      }
  }
}

void Connection::handle_close(Channel channel, const amqp_method_t_& method)
{
  const auto& close = *static_cast<const amqp_channel_close_t*>(method.decoded);
  state_of(channel) = {.is_open = false,
                       .close_code = close.reply_code,
                       .close_text = std::string{to_text(close.reply_text)}};
  amqp_channel_close_ok_t answer{};
  send_method(static_cast<std::uint16_t>(channel), AMQP_CHANNEL_CLOSE_OK_METHOD, &answer);
}

void Connection::begin_content(ChannelState& channel, const amqp_frame_t_& frame)
{
  if (!channel.arriving) {
    return;  // the rest of what was under way when the channel closed
  }
  const auto& header = frame.payload.properties;
  channel.arriving->message =
      to_message(*static_cast<const amqp_basic_properties_t*>(header.decoded));
  channel.missing = header.body_size;
  if (channel.missing == 0) {
    finish_content(channel);
  }
}

void Connection::add_content(ChannelState& channel, std::string_view piece)
{
  if (!channel.arriving) {
    return;
  }
  channel.arriving->message.body += piece;
  channel.missing -= std::min<std::uint64_t>(channel.missing, piece.size());
  if (channel.missing == 0) {
    finish_content(channel);
  }
}

void Connection::finish_content(ChannelState& channel)
{
  auto arrived = std::move(*channel.arriving);
  channel.arriving.reset();
  if (channel.is_return) {
    listener_.on_return(arrived.message);
  } else {
    listener_.on_delivery(std::move(arrived));
  }
}

}  // namespace pecanctl::rabbitmq
