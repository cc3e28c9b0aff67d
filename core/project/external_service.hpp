// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// Whether a service of the standard stack may run elsewhere: postgres and rabbitmq.
bool may_be_external(std::string_view service);

/// Reads `services.<service>.external`: "postgres://user@host:5432/bety", or
/// "amqp://user@host:5672/%2F" (amqps: with TLS). What is left out is the standard: the port, the
/// user (postgres; of a broker pecan), the database bety, the virtual host "/". The management API
/// of a broker is taken to be at port 15672 of the same host.
/// @throws Error invalid, without what may be a password: no URL of that kind, one with a password,
/// or one that means this machine only, where no container gets
stack::External parse_external(std::string_view service, std::string_view url);

/// What `service` is told of the external services that it depends on. It does not wait for those.
void use_externals(const std::vector<stack::External>& externals, stack::Service& service);

/// The URL at which containers reach the broker: the external one, else the instance's own.
Secret broker_uri_for(const std::vector<stack::External>& externals, const Secret& password);

}  // namespace pecanctl::project
