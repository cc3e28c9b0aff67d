// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/amqp_values.hpp"

#include <amqp.h>
#include <amqp_framing.h>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::rabbitmq {

amqp_bytes_t to_bytes(std::string_view text)
{
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}

std::string_view to_text(const amqp_bytes_t& bytes)
{
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

timeval to_timeval(std::chrono::milliseconds duration)
{
  return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
}

ErrorCode code_of(int reply_code)
{
  switch (reply_code) {
    case AMQP_ACCESS_REFUSED:
    case AMQP_NOT_ALLOWED:
      return ErrorCode::denied;
    case AMQP_NOT_FOUND:
      return ErrorCode::not_found;
    case AMQP_RESOURCE_LOCKED:
    case AMQP_PRECONDITION_FAILED:
      return ErrorCode::conflict;
    default:
      return ErrorCode::failed;
  }
}

Message to_message(const amqp_basic_properties_t& properties)
{
  const auto text = [&](amqp_flags_t flag, const amqp_bytes_t& bytes) {
    return (properties._flags & flag) != 0 ? std::string{to_text(bytes)} : std::string{};
  };
  return {.body = {},
          .message_id = text(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id),
          .correlation_id = text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id),
          .reply_to = text(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to),
          .content_type = text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type),
          .is_persistent = (properties._flags & AMQP_BASIC_DELIVERY_MODE_FLAG) != 0 &&
                           properties.delivery_mode == AMQP_DELIVERY_PERSISTENT};
}

amqp_basic_properties_t to_properties(const Message& message)
{
  amqp_basic_properties_t properties{};
  const auto set = [&](amqp_flags_t flag, amqp_bytes_t& field, const std::string& text) {
    if (!text.empty()) {
      properties._flags |= flag;
      field = to_bytes(text);
    }
  };
  set(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type, message.content_type);
  set(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id, message.message_id);
  set(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id, message.correlation_id);
  set(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to, message.reply_to);
  if (message.is_persistent) {
    properties._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  }
  return properties;
}

std::string describe_refusal(const std::string& address, int reply_code,
                             std::string_view reply_text)
{
  return fmt::format("RabbitMQ at {} answered {} {}", address, reply_code,
                     escape_control(reply_text));
}

}  // namespace pecanctl::rabbitmq
