// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/login.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/rabbitmq/amqp_values.hpp"
#include "core/rabbitmq/tcp.hpp"

namespace pecanctl::rabbitmq {
namespace {

using std::chrono::milliseconds;

constexpr int k_heartbeat = 30;       // seconds
constexpr int k_frame_size = 131072;  // bytes, what RabbitMQ offers
constexpr milliseconds k_login_limit{30'000};
constexpr const char* k_ca_bundle = "/etc/ssl/certs/ca-certificates.crt";

// Names, for the broker's management page and its extensions, who we are and what we understand.
class ClientProperties {
 public:
  explicit ClientProperties(const std::string& name)
      : capabilities_{flag("publisher_confirms"), flag("basic.nack"), flag("connection.blocked"),
                      flag("consumer_cancel_notify")}
  {
    entries_.at(0) = entry("connection_name", AMQP_FIELD_KIND_UTF8);
    entries_.at(0).value.value.bytes = to_bytes(name);
    entries_.at(1) = entry("capabilities", AMQP_FIELD_KIND_TABLE);
    entries_.at(1).value.value.table = {.num_entries = static_cast<int>(capabilities_.size()),
                                        .entries = capabilities_.data()};
  }

  ClientProperties(const ClientProperties&) = delete;
  ClientProperties& operator=(const ClientProperties&) = delete;

  amqp_table_t table()
  {
    return {.num_entries = static_cast<int>(entries_.size()), .entries = entries_.data()};
  }

 private:
  static amqp_table_entry_t entry(std::string_view key, std::uint8_t kind)
  {
    amqp_table_entry_t made{};
    made.key = to_bytes(key);
    made.value.kind = kind;
    return made;
  }

  static amqp_table_entry_t flag(std::string_view key)
  {
    auto made = entry(key, AMQP_FIELD_KIND_BOOLEAN);
    made.value.value.boolean = 1;
    return made;
  }

  std::array<amqp_table_entry_t, 4> capabilities_;
  std::array<amqp_table_entry_t, 2> entries_{};
};

std::string address_of(const Endpoint& endpoint)
{
  return fmt::format("{}:{}", endpoint.host, endpoint.port);
}

}  // namespace

void open_socket(amqp_connection_state_t_* state, const Endpoint& endpoint,
                 const Deadline& deadline, const std::stop_token& stop)
{
  if (!endpoint.use_tls) {
    auto fd = connect_tcp(endpoint.host, endpoint.port, deadline, stop);
    amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(state), fd.release());
    return;
  }
  auto* const tls = amqp_ssl_socket_new(state);
  check_stop(stop);
  int status =
      tls == nullptr ? AMQP_STATUS_NO_MEMORY : amqp_ssl_socket_set_cacert(tls, k_ca_bundle);
  if (status == AMQP_STATUS_OK) {
    const timeval limit = to_timeval(std::min(deadline.left(), k_login_limit));
    status = amqp_socket_open_noblock(tls, endpoint.host.c_str(), endpoint.port, &limit);
  }
  if (status != AMQP_STATUS_OK) {
    const bool is_certificate = status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED ||
                                status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED;
    throw Error{{.code = is_certificate ? ErrorCode::denied : ErrorCode::unreachable,
                 .what = fmt::format("cannot reach RabbitMQ at {} over TLS", address_of(endpoint)),
                 .why = amqp_error_string2(status),
                 .hint = is_certificate
                             ? fmt::format("the broker's certificate must be signed by an "
                                           "authority in {} and name the host",
                                           k_ca_bundle)
                             : ""}};
  }
}

void log_in(amqp_connection_state_t_* state, const Endpoint& endpoint, const Deadline& deadline,
            const std::stop_token& stop)
{
  const timeval limit = to_timeval(std::min(deadline.left(), k_login_limit));
  amqp_set_handshake_timeout(state, &limit);
  ClientProperties properties{endpoint.connection_name};
  const auto table = properties.table();
  amqp_rpc_reply_t reply;
  {
    // Wakes the library: it knows no stop token. The socket lives until the callback is gone.
    const std::stop_callback wake{stop,
                                  [fd = amqp_get_sockfd(state)] { ::shutdown(fd, SHUT_RDWR); }};
    reply = amqp_login_with_properties(state, endpoint.vhost.c_str(), 0, k_frame_size, k_heartbeat,
                                       &table, AMQP_SASL_METHOD_PLAIN, endpoint.user.c_str(),
                                       endpoint.password.reveal().c_str());
  }
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) {
    return;
  }
  check_stop(stop);
  const auto what =
      fmt::format("cannot log in to RabbitMQ at {} as '{}'", address_of(endpoint), endpoint.user);
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto& close = *static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
    const auto code = code_of(close.reply_code);
    throw Error{{.code = code == ErrorCode::denied ? code : ErrorCode::unreachable,
                 .what = what,
                 .why = describe_refusal(address_of(endpoint), close.reply_code,
                                         to_text(close.reply_text))}};
  }
  const bool is_late = reply.library_error == AMQP_STATUS_TIMEOUT;
  throw Error{{.code = is_late ? ErrorCode::timeout : ErrorCode::unreachable,
               .what = what,
               .why = amqp_error_string2(reply.library_error)}};
}

}  // namespace pecanctl::rabbitmq
