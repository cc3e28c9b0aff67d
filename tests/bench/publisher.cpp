// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What tests/bench/publish compares with: as little as a publisher with rabbitmq-c can be.
//
//   publisher send PORT USER QUEUE COUNT   COUNT messages, persistent, mandatory, confirmed, 1000
//   unanswered at
//                                          most; prints the seconds from the first to the last
//                                          answer
//   publisher watch PORT USER QUEUE COUNT  prints the seconds from the first message in the queue
//   to COUNT
//
// The password is in PUBLISHER_PASSWORD.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include <amqp.h>
#include <amqp_tcp_socket.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t k_window = 1000;

void require(bool is_good, const char* what)
{
  if (!is_good) {
    throw std::runtime_error{what};
  }
}

amqp_connection_state_t connect(int port, const char* user)
{
  auto* const state = amqp_new_connection();
  auto* const socket = amqp_tcp_socket_new(state);
  require(amqp_socket_open(socket, "127.0.0.1", port) == AMQP_STATUS_OK, "cannot connect");
  const auto reply = amqp_login(state, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, user,
                                std::getenv("PUBLISHER_PASSWORD"));
  require(reply.reply_type == AMQP_RESPONSE_NORMAL, "cannot log in");
  amqp_channel_open(state, 1);
  require(amqp_get_rpc_reply(state).reply_type == AMQP_RESPONSE_NORMAL, "cannot open a channel");
  return state;
}

// Reads one answer; returns up to which message all are confirmed.
std::uint64_t read_confirm(amqp_connection_state_t state, std::uint64_t confirmed)
{
  amqp_frame_t frame{};
  amqp_maybe_release_buffers(state);
  require(amqp_simple_wait_frame(state, &frame) == AMQP_STATUS_OK, "the connection broke");
  if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
    const auto* const ack = static_cast<amqp_basic_ack_t*>(frame.payload.method.decoded);
    return ack->multiple != 0 ? ack->delivery_tag : confirmed + 1;
  }
  throw std::runtime_error{"a message was refused"};
}

double send(amqp_connection_state_t state, const char* queue, std::uint64_t count)
{
  amqp_confirm_select(state, 1);
  require(amqp_get_rpc_reply(state).reply_type == AMQP_RESPONSE_NORMAL, "no confirms");
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.content_type = amqp_cstring_bytes("application/json");
  properties.delivery_mode = 2;
  const auto begun = Clock::now();
  std::uint64_t confirmed = 0;
  for (std::uint64_t sent = 0; confirmed < count;) {
    if (sent < count && sent - confirmed < k_window) {
      const auto body = R"({"folder": "/data/workflows/bench/run/)" + std::to_string(sent) + "\"}";
      properties.message_id = amqp_cstring_bytes("0123456789abcdef-1-01234567");
      require(amqp_basic_publish(state, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 1, 0,
                                 &properties, amqp_cstring_bytes(body.c_str())) == AMQP_STATUS_OK,
              "cannot publish");
      ++sent;
    } else {
      confirmed = read_confirm(state, confirmed);
    }
  }
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double watch(amqp_connection_state_t state, const char* queue, std::uint64_t count)
{
  Clock::time_point begun{};
  for (;;) {
    const auto* const state_of =
        amqp_queue_declare(state, 1, amqp_cstring_bytes(queue), 1, 1, 0, 0, amqp_empty_table);
    require(state_of != nullptr, "no such queue");
    const auto now = Clock::now();
    begun = begun == Clock::time_point{} && state_of->message_count > 0 ? now : begun;
    if (state_of->message_count >= count) {
      return std::chrono::duration<double>(now - begun).count();
    }
    amqp_maybe_release_buffers(state);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace

int main(int count, char** words)
{
  try {
    require(count == 6, "usage: publisher send|watch PORT USER QUEUE COUNT");
    auto* const state = connect(std::atoi(words[2]), words[3]);
    const auto messages = std::strtoull(words[5], nullptr, 10);
    const bool is_watch = std::string{words[1]} == "watch";
    std::printf("%.6f\n",
                is_watch ? watch(state, words[4], messages) : send(state, words[4], messages));
    amqp_connection_close(state, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "publisher: %s\n", error.what());
    return 1;
  }
}
