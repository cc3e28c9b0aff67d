// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/rabbitmq/broker.hpp"

using namespace pecanctl;
using namespace pecanctl::rabbitmq;

TEST_CASE("rabbitmq::parse_amqp_url: reads every part and decodes it")
{
  const auto endpoint =
      parse_amqp_url("amqps://pe%40can:p%2Fw%3A@broker.example:5679/a%2Fb?heartbeat=5");
  CHECK(endpoint.host == "broker.example");
  CHECK(endpoint.port == 5679);
  CHECK(endpoint.user == "pe@can");
  CHECK(endpoint.password.reveal() == "p/w:");
  CHECK(endpoint.vhost == "a/b");
  CHECK(endpoint.use_tls);
}

TEST_CASE("rabbitmq::parse_amqp_url: what is left out has the customary value")
{
  const auto endpoint = parse_amqp_url("amqp://rabbitmq");
  CHECK(endpoint.host == "rabbitmq");
  CHECK(endpoint.port == 5672);
  CHECK(endpoint.user == "guest");
  CHECK(endpoint.vhost == "/");
  CHECK_FALSE(endpoint.use_tls);
  CHECK(parse_amqp_url("amqps://h/").port == 5671);
  CHECK(parse_amqp_url("amqp://guest:guest@rabbitmq/%2F").vhost == "/");
  CHECK(parse_amqp_url("amqp://u@[::1]:5673/v").host == "::1");
  CHECK(parse_amqp_url("amqp://u@[::1]:5673/v").port == 5673);
}

TEST_CASE("rabbitmq::parse_amqp_url: refuses what is no URL and never shows the password")
{
  for (const auto* const url :
       {"", "http://u:hunter2@h/", "amqp://", "amqp://u:hunter2@", "amqp://u:hunter2@h:0/",
        "amqp://u:hunter2@h:70000/", "amqp://u:hunter2@h:12x/", "amqp://u:%zz@h/",
        "amqp://u:hunter2@h/%2", "amqp://u:hunter2%00@h/", "amqp://[::1]x/"}) {
    CAPTURE(url);
    try {
      parse_amqp_url(url);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid);
      CHECK(std::string{error.what()}.find("hunter2") == std::string::npos);
    }
  }
}
