// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/rabbitmq/broker.hpp"

struct amqp_connection_state_t_;

namespace pecanctl::rabbitmq {

/// Connects `state` to the broker. Over TLS the system's authorities judge the certificate, which
/// must name the host (an address will not do), and a stop is seen when the connection stands or
/// failed.
/// @throws Error unreachable, denied (certificate), timeout. Cancelled.
void open_socket(amqp_connection_state_t_* state, const Endpoint& endpoint,
                 const Deadline& deadline, const std::stop_token& stop);
/// @throws Error denied (password, virtual host), unreachable, timeout. Cancelled.
void log_in(amqp_connection_state_t_* state, const Endpoint& endpoint, const Deadline& deadline,
            const std::stop_token& stop);

}  // namespace pecanctl::rabbitmq
