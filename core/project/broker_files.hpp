// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"

namespace pecanctl::project {

/// The broker's one user. There is no `guest`.
inline constexpr std::string_view k_broker_user = "pecan";

/// How long a worker may hold a job before the broker takes it back: the longest run of any model
/// and a quarter of an hour, at least a day. RabbitMQ's default of 30 minutes makes long jobs run
/// again for ever.
std::chrono::milliseconds consumer_timeout(std::chrono::milliseconds longest_run);

/// The text of `rabbitmq.conf`; `memory` is the container's limit in bytes, 0 for none.
std::string render_broker_configuration(std::chrono::milliseconds timeout, std::uint64_t memory);

/// The text of `definitions.json`: vhost "/", one user with a hashed password and all rights. The
/// salt follows from `owner`, so that the same secret gives the same text.
std::string render_broker_definitions(const Secret& password, std::string_view owner);

/// RabbitMQ's salted SHA-256 with the given 4 bytes of salt, base64.
/// Source: RabbitMQ documentation, "Credentials and Passwords".
std::string broker_password_hash(const Secret& password, std::string_view salt);

/// "amqp://pecan:<password>@<host>:<port>/%2F", the password percent-encoded.
Secret broker_uri(const Secret& password, std::string_view host = "rabbitmq", int port = 5672);

}  // namespace pecanctl::project
