// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <vector>

#include <fmt/format.h>

#include <doctest/doctest.h>

#include "tests/integration/rabbitmq/broker_fixture.hpp"
#include "tests/support/broker_control.hpp"

using namespace pecanctl;
using namespace pecanctl::rabbitmq;
using namespace pecanctl::test;
using namespace std::chrono_literals;

namespace {

std::vector<Message> make_messages(std::size_t count)
{
  std::vector<Message> messages;
  for (std::size_t i = 0; i < count; ++i) {
    messages.push_back(
        {.body = fmt::format(R"({{"folder":"/data/{}"}})", i), .message_id = std::to_string(i)});
  }
  return messages;
}

}  // namespace

TEST_CASE("rabbitmq::Broker::publish: every message is confirmed once at any window")
{
  QueueFixture fixture;
  for (const std::size_t window : {1U, 7U, 1000U}) {
    Outcomes outcomes;
    fixture.broker->publish(fixture.queue, make_messages(500), window, outcomes.collector(), soon(),
                            {});
    CHECK(outcomes.count(PublishOutcome::confirmed) == 500);
    CHECK(outcomes.mistakes == 0);
  }
  CHECK(fixture.broker->find_queue(fixture.queue, soon(), {})->ready == 1500);
}

TEST_CASE("rabbitmq::Broker::publish: a message without a queue is returned and not confirmed")
{
  const auto broker = connect_to_broker();
  Outcomes outcomes;
  broker->publish(fresh_name(), make_messages(200), 50, outcomes.collector(), soon(), {});
  CHECK(outcomes.count(PublishOutcome::returned) == 200);
  CHECK(outcomes.mistakes == 0);
}

TEST_CASE("rabbitmq::Broker::publish: nothing to publish returns at once")
{
  Outcomes outcomes;
  connect_to_broker()->publish(fresh_name(), {}, 1, outcomes.collector(), soon(), {});
  CHECK(outcomes.by_index.empty());
}

TEST_CASE("rabbitmq::Broker::publish: a missing exchange of a transient message harms nothing")
{
  QueueFixture fixture;
  fixture.broker->publish_transient(fresh_name(), "", {.body = "lost"}, soon(), {});
  Outcomes outcomes;
  fixture.broker->publish(fixture.queue, make_messages(3), 1, outcomes.collector(), soon(), {});
  fixture.broker->publish_transient("", fixture.queue, {.body = "kept"}, soon(), {});
  CHECK(outcomes.count(PublishOutcome::confirmed) == 3);
}

TEST_CASE("rabbitmq::Broker::publish: a stop cancels and what was under way is unconfirmed")
{
  QueueFixture fixture;
  std::stop_source source;
  std::size_t told = 0;
  const auto stop_after_ten = [&](std::size_t, PublishOutcome) {
    if (++told == 10) {
      source.request_stop();
    }
  };
  CHECK_THROWS_AS(fixture.broker->publish(fixture.queue, make_messages(5000), 10, stop_after_ten,
                                          soon(), source.get_token()),
                  Cancelled);
  CHECK(told < 5000);
  Outcomes outcomes;  // the broker stays usable
  fixture.broker->publish(fixture.queue, make_messages(5), 10, outcomes.collector(), soon(), {});
  CHECK(outcomes.count(PublishOutcome::confirmed) == 5);
}

TEST_CASE("rabbitmq::Broker::publish: a connection closed by the broker is unreachable")
{
  const auto name = fresh_name();
  const auto broker = connect_to_broker(name);
  const auto queue = broker->make_reply_queue(soon(), {});
  REQUIRE(close_connections(name) == 1);
  Outcomes outcomes;
  auto code = ErrorCode::internal;
  try {
    broker->publish(queue, make_messages(10), 1, outcomes.collector(), soon(), {});
  } catch (const Error& error) {
    code = error.code();
    CHECK(error.info().why.find("320") != std::string::npos);
  }
  CHECK(code == ErrorCode::unreachable);
  CHECK_THROWS_AS(broker->ensure_queue(queue, soon(), {}), Error);
}
