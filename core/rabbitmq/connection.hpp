// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/rabbitmq/broker.hpp"

struct amqp_connection_state_t_;
struct amqp_frame_t_;
struct amqp_method_t_;

namespace pecanctl::rabbitmq {

/// The channels of a connection. Kept apart because an error of one closes it: a missing queue must
/// not end the consumer, nor a missing exchange of a heartbeat the confirms.
enum class Channel : std::uint16_t { control = 1, consume, confirm, transient };

/// Who hears of what arrives unasked.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void on_delivery(Delivery delivery) = 0;
  virtual void on_return(const Message& message) = 0;
  virtual void on_answer(std::uint64_t tag, bool is_multiple, bool is_acked) = 0;
  virtual void on_consumer_cancelled() = 0;
};

/// Frames over librabbitmq: requests with their answers, content put together, heartbeats. Never
/// waits inside the library without a limit of ours, except in `send_content` (see StallGuard). An
/// Error unreachable, a timed-out or a cancelled request leaves it unusable.
class Connection {
 public:
  /// `listener` outlives this.
  Connection(const Endpoint& endpoint, Listener& listener, const Deadline& deadline,
             std::stop_token stop);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Sends method `id` and returns the decoded answer, valid until the next call. Opens `channel`
  /// when needed.
  /// @throws Error of the broker's answer, with `what`; timeout. Cancelled.
  const void* call(Channel channel, std::uint32_t id, void* request, std::string_view what,
                   const Deadline& deadline, const std::stop_token& stop);
  /// Sends a method that has no answer.
  void send(Channel channel, std::uint32_t id, void* request, std::string_view what);
  /// basic.publish. May block when the socket is full. Opens no channel.
  void send_content(Channel channel, std::string_view exchange, std::string_view routing_key,
                    bool is_mandatory, const Message& message);

  /// Opens `channel` if it is not open; returns whether it had to.
  bool open(Channel channel, std::string_view what, const Deadline& deadline,
            const std::stop_token& stop);

  bool is_open(Channel channel) const { return state_of(channel).is_open; }

  /// Throws when the broker closed `channel` since the last call, with its reason.
  void check_channel(Channel channel, std::string_view what);
  /// Handles one frame that is here; returns false when there is none.
  bool read_frame();
  /// Sleeps until something arrives, `also_wake_fd` (or -1) is readable, or `wait` (at most 250 ms)
  /// is over. Returns false when it is `also_wake_fd`.
  bool sleep(std::chrono::milliseconds wait, int also_wake_fd) const;

  int socket() const;

  bool is_blocked() const { return blocked_reason_.has_value(); }

  /// "low on memory"; empty when not blocked.
  std::string blocked_reason() const { return blocked_reason_.value_or(""); }

  const std::string& address() const { return address_; }

 private:
  struct ChannelState {
    bool is_open = false;
    int close_code = 0;  ///< not 0: closed by the broker, not told yet
    std::string close_text = {};
    std::optional<Delivery> arriving = {};  ///< content under way
    bool is_return = false;
    std::uint64_t missing = 0;  ///< bytes of its body
  };

  struct StateDeleter {
    void operator()(amqp_connection_state_t_* state) const;
  };

  ChannelState& state_of(Channel channel)
  {
    return channels_.at(static_cast<std::size_t>(channel));
  }

  const ChannelState& state_of(Channel channel) const
  {
    return channels_.at(static_cast<std::size_t>(channel));
  }

  void check_usable();
  [[noreturn]] void lose(std::string why);
  void check_status(int status);
  void send_method(std::uint16_t channel, std::uint32_t id, void* request);
  const void* wait_for_answer(Channel channel, std::uint32_t id, std::string_view what,
                              const Deadline& deadline, const std::stop_token& stop);
  void handle(const amqp_frame_t_& frame);
  void handle_connection_method(const amqp_method_t_& method);
  void handle_channel_method(Channel channel, const amqp_method_t_& method);
  void handle_close(Channel channel, const amqp_method_t_& method);
  void begin_content(ChannelState& channel, const amqp_frame_t_& frame);
  void add_content(ChannelState& channel, std::string_view piece);
  void finish_content(ChannelState& channel);

  Listener& listener_;
  std::string address_;  ///< "127.0.0.1:5672"
  std::unique_ptr<amqp_connection_state_t_, StateDeleter> state_;
  std::array<ChannelState, 5> channels_;  ///< by number; 0 is not used
  std::optional<std::string> blocked_reason_;
  std::string lost_;  ///< why it is unusable; empty while it is not
  std::uint32_t answer_id_ = 0;
  Channel answer_channel_ = Channel::control;
  const void* answer_ = nullptr;
};

}  // namespace pecanctl::rabbitmq
