// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/management.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/scripted_transport.hpp"

using namespace pecanctl;
using namespace pecanctl::rabbitmq;

namespace {

struct Scripted {
  std::vector<http::Request> log = {};
  Management management;

  explicit Scripted(test::ScriptedTransport::Handler handler)
      : management{std::make_unique<test::ScriptedTransport>(std::move(handler), &log), "/"}
  {
  }

  explicit Scripted(http::Response response)
      : Scripted{[response = std::move(response)](const http::Request&) { return response; }}
  {
  }
};

constexpr auto k_policy =
    R"({"vhost":"/","name":"pecan-jobs","pattern":"^SIPNET","apply-to":"queues",
  "definition":{"dead-letter-exchange":"dead"},"priority":1})";

bool ensure(Scripted& scripted, std::string_view definition, int priority = 1)
{
  return scripted.management.ensure_policy("pecan-jobs", "^SIPNET", definition, priority,
                                           Deadline::never(), {});
}

}  // namespace

TEST_CASE("rabbitmq::Management::list_queues: a number that is not reported is absent and not zero")
{
  Scripted scripted{http::Response{.status = 200, .body = R"([
    {"name":"fresh"},
    {"name":"SIPNET_git","messages_ready":3,"messages_unacknowledged":1,"consumers":2,
     "message_stats":{"publish_details":{"rate":1.5},"ack_details":{"rate":0.4}}},
    {"name":"odd","messages_ready":"many"}])"}};
  const auto queues = scripted.management.list_queues(Deadline::never(), {});
  REQUIRE(queues.size() == 3);
  CHECK(queues[0].name == "fresh");
  CHECK_FALSE(queues[0].ready.has_value());
  CHECK_FALSE(queues[0].publish_rate.has_value());
  CHECK(queues[1].ready == 3U);
  CHECK(queues[1].unacknowledged == 1U);
  CHECK(queues[1].consumers == 2U);
  CHECK(queues[1].publish_rate == 1.5);
  CHECK(queues[1].ack_rate == 0.4);
  CHECK_FALSE(queues[2].ready.has_value());
  CHECK(scripted.log.at(0).target == "/api/queues/%2F");
}

TEST_CASE("rabbitmq::Management::list_nodes: tells the alarms")
{
  Scripted scripted{http::Response{
      .status = 200,
      .body = R"([{"name":"rabbit@a","mem_alarm":true,"disk_free_alarm":false},{"name":"b"}])"}};
  const auto nodes = scripted.management.list_nodes(Deadline::never(), {});
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].has_memory_alarm);
  CHECK_FALSE(nodes[0].has_disk_alarm);
  CHECK_FALSE(nodes[1].has_memory_alarm);
}

TEST_CASE("rabbitmq::Management: 401 is denied and an answer that is not JSON failed")
{
  Scripted refused{http::Response{.status = 401, .body = R"({"error":"not_authorised"})"}};
  Scripted garbled{http::Response{.status = 200, .body = "<html>"}};
  const auto code = [](Scripted& scripted) {
    try {
      scripted.management.list_queues(Deadline::never(), {});
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  CHECK(code(refused) == ErrorCode::denied);
  CHECK(code(garbled) == ErrorCode::failed);
}

TEST_CASE("rabbitmq::Management::ensure_policy: the same policy is not written again")
{
  Scripted scripted{http::Response{.status = 200, .body = k_policy}};
  CHECK_FALSE(ensure(scripted, R"({ "dead-letter-exchange" : "dead" })"));
  CHECK(scripted.log.size() == 1);
  CHECK(scripted.log.at(0).target == "/api/policies/%2F/pecan-jobs");
}

TEST_CASE("rabbitmq::Management::ensure_policy: a missing or different policy is written")
{
  const auto answer = [](int status) {
    return [status](const http::Request& request) {
      return request.method == http::Method::put
                 ? http::Response{.status = 204}
                 : http::Response{.status = status, .body = k_policy};
    };
  };
  Scripted missing{answer(404)};
  CHECK(ensure(missing, R"({"dead-letter-exchange":"dead"})"));
  Scripted different{answer(200)};
  CHECK(ensure(different, R"({"dead-letter-exchange":"other"})"));
  Scripted priority{answer(200)};
  CHECK(ensure(priority, R"({"dead-letter-exchange":"dead"})", 2));
  const auto sent = nlohmann::json::parse(different.log.at(1).body);
  CHECK(sent["pattern"] == "^SIPNET");
  CHECK(sent["apply-to"] == "queues");
  CHECK(sent["definition"]["dead-letter-exchange"] == "other");
}

TEST_CASE("rabbitmq::Management::remove_policy: tells whether there was one")
{
  Scripted there{http::Response{.status = 204}};
  Scripted gone{http::Response{.status = 404}};
  CHECK(there.management.remove_policy("p", Deadline::never(), {}));
  CHECK_FALSE(gone.management.remove_policy("p", Deadline::never(), {}));
}
