// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/time.h>

#include <chrono>
#include <string>
#include <string_view>

#include "core/rabbitmq/broker.hpp"

struct amqp_bytes_t_;
struct amqp_basic_properties_t_;

namespace pecanctl::rabbitmq {

/// Not owned, not copied: `text` outlives the result.
amqp_bytes_t_ to_bytes(std::string_view text);
/// Valid as long as the frame it came with.
std::string_view to_text(const amqp_bytes_t_& bytes);
timeval to_timeval(std::chrono::milliseconds duration);

/// A message without its body.
Message to_message(const amqp_basic_properties_t_& properties);
/// Refers to the strings of `message`.
amqp_basic_properties_t_ to_properties(const Message& message);

/// What a reply code of AMQP 0-9-1 (404, 406, ...) means to the caller.
ErrorCode code_of(int reply_code);
/// "RabbitMQ at host:port answered 404 NOT_FOUND - no queue ...".
std::string describe_refusal(const std::string& address, int reply_code,
                             std::string_view reply_text);

}  // namespace pecanctl::rabbitmq
