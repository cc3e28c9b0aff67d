// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/broker_files.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace pecanctl;
using namespace std::chrono_literals;

TEST_CASE("broker_password_hash: the example of RabbitMQ's documentation")
{
  // Its salt is 908D C60A, its password test12; `rabbitmqctl hash_password` agrees on the form.
  CHECK(project::broker_password_hash(Secret{"test12"}, "\x90\x8D\xC6\x0A") ==
        "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
}

TEST_CASE("render_broker_definitions: one user, no guest, no password, the same text every time")
{
  const auto text = project::render_broker_definitions(Secret{"canary"}, "owner");
  CHECK(text == project::render_broker_definitions(Secret{"canary"}, "owner"));
  CHECK(text != project::render_broker_definitions(Secret{"canary"}, "another owner"));
  CHECK(text.find("canary") == std::string::npos);
  CHECK(text.find("guest") == std::string::npos);
  const auto definitions = nlohmann::json::parse(text);
  REQUIRE(definitions["users"].size() == 1);
  CHECK(definitions["users"][0]["name"] == "pecan");
  CHECK(definitions["permissions"][0]["vhost"] == "/");
  CHECK(definitions["vhosts"][0]["name"] == "/");
}

TEST_CASE("consumer_timeout: longer than the longest run and never under a day")
{
  CHECK(project::consumer_timeout(1h) == 24h);
  CHECK(project::consumer_timeout(24h) == 24h + 15min);
  CHECK(project::consumer_timeout(72h) == 72h + 15min);
}

TEST_CASE("render_broker_configuration: the golden text")
{
  CHECK(project::render_broker_configuration(24h, 1000) == R"(# Written by pecanctl.
load_definitions = /run/pecanctl/definitions.json
loopback_users = none
listeners.tcp.default = 5672
consumer_timeout = 86400000
vm_memory_high_watermark.absolute = 600
disk_free_limit.absolute = 200MB
log.console = true
log.console.level = info
)");
  CHECK(project::render_broker_configuration(24h, 0).find(
            "vm_memory_high_watermark.relative = 0.4") != std::string::npos);
}

TEST_CASE("broker_uri: any password survives it")
{
  CHECK(project::broker_uri(Secret{"a/b@c:d%é"}).reveal() ==
        "amqp://pecan:a%2Fb%40c%3Ad%25%C3%A9@rabbitmq:5672/%2F");
  CHECK(project::broker_uri(Secret{"Aa0-_.~"}, "127.0.0.1", 1).reveal() ==
        "amqp://pecan:Aa0-_.~@127.0.0.1:1/%2F");
}
