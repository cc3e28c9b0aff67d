// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/base/secret.hpp"

namespace pecanctl::test {

/// The value of a variable that `scripts/services` sets for integration tests. Without it the case
/// cannot run: the program says so and exits 77 (CTest: skipped), or 1 where
/// PECANCTL_REQUIRE_SERVICES=1.
///
/// PECANCTL_TEST_DOCKER       path of a dockerd socket
/// PECANCTL_TEST_CONSUL       http://127.0.0.1:port
/// PECANCTL_TEST_RABBITMQ     amqp://user:password@127.0.0.1:port/%2F
/// PECANCTL_TEST_MANAGEMENT   http://127.0.0.1:port of the same broker, same user and password
/// PECANCTL_TEST_RABBITMQCTL  a program: rabbitmqctl for that broker
/// PECANCTL_TEST_PYTHON       a Python 3 that has pika
/// PECANCTL_TEST_POSTGRES     folder of a Unix socket; user postgres, trusted; PostGIS installed
/// PECANCTL_TEST_POSTGRES_PORT  its port
inline std::string service(const char* variable)
{
  const char* const value = std::getenv(variable);
  if (value != nullptr && *value != '\0') {
    return value;
  }
  std::fprintf(stderr, "%s is not set: start the services with scripts/services\n", variable);
  const char* const required = std::getenv("PECANCTL_REQUIRE_SERVICES");
  std::exit(required != nullptr && std::string{required} == "1" ? 1 : 77);
}

/// "pecanctl-test-<6 letters>": a fresh name for whatever a test makes on a shared service.
inline std::string fresh_name()
{
  std::string name = "pecanctl-test-" + sha256_hex(random_uuid()).substr(0, 6);
  return name;
}

}  // namespace pecanctl::test
