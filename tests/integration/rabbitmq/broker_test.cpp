// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <array>
#include <thread>

#include <doctest/doctest.h>

#include "core/base/fd.hpp"
#include "tests/integration/rabbitmq/broker_fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::rabbitmq;
using namespace pecanctl::test;
using namespace std::chrono_literals;

namespace {

// The code of the Error that `work` throws; internal when it throws none.
template <typename Work>
ErrorCode code_thrown_by(Work&& work)
{
  try {
    work();
  } catch (const Error& error) {
    MESSAGE(std::string{error.what()});
    return error.code();
  }
  return ErrorCode::internal;
}

void publish_transient(Broker& broker, const std::string& queue, const std::string& body)
{
  broker.publish_transient("", queue, {.body = body}, soon(), {});
}

}  // namespace

TEST_CASE("rabbitmq::connect: a wrong password is denied")
{
  auto endpoint = parse_amqp_url(service("PECANCTL_TEST_RABBITMQ"));
  endpoint.password = Secret{"not-the-password"};
  CHECK(code_thrown_by([&] { connect(endpoint, soon(), {}); }) == ErrorCode::denied);
}

TEST_CASE("rabbitmq::connect: an unknown virtual host is denied")
{
  auto endpoint = parse_amqp_url(service("PECANCTL_TEST_RABBITMQ"));
  endpoint.vhost = "no-such-vhost";
  CHECK(code_thrown_by([&] { connect(endpoint, soon(), {}); }) == ErrorCode::denied);
}

TEST_CASE("rabbitmq::connect: nobody listening is unreachable")
{
  CHECK(code_thrown_by([] { connect({.port = 1}, soon(), {}); }) == ErrorCode::unreachable);
}

TEST_CASE("rabbitmq::Broker::find_queue: a missing queue is absence and the broker stays usable")
{
  QueueFixture fixture;
  CHECK_FALSE(fixture.broker->find_queue(fresh_name(), soon(), {}).has_value());
  const auto state = fixture.broker->find_queue(fixture.queue, soon(), {});
  REQUIRE(state.has_value());
  CHECK(state->ready == 0);
  CHECK(state->consumers == 0);
}

TEST_CASE("rabbitmq::Broker: an error on one queue does not end the consumer of another")
{
  QueueFixture fixture;
  fixture.broker->consume(fixture.queue, 1, false, soon(), {});
  CHECK_FALSE(fixture.broker->find_queue(fresh_name(), soon(), {}).has_value());
  publish_transient(*fixture.broker, fixture.queue, "still here");
  const auto delivery = fixture.broker->next_delivery(5s, -1, {});
  REQUIRE(delivery.has_value());
  CHECK(delivery->message.body == "still here");
}

TEST_CASE("rabbitmq::Broker::purge_queue: counts what it took and a missing queue is not_found")
{
  QueueFixture fixture;
  std::array messages{Message{.body = "a"}, Message{.body = "b"}};
  fixture.broker->publish(fixture.queue, messages, 10, [](std::size_t, PublishOutcome) {}, soon(),
                          {});
  CHECK(fixture.broker->purge_queue(fixture.queue, soon(), {}) == 2);
  CHECK(code_thrown_by([&] { fixture.broker->purge_queue(fresh_name(), soon(), {}); }) ==
        ErrorCode::not_found);
  CHECK(fixture.broker->remove_queue(fixture.queue, soon(), {}));
  CHECK_FALSE(fixture.broker->remove_queue(fixture.queue, soon(), {}));
}

TEST_CASE("rabbitmq::Broker: an exclusive queue of another connection is a conflict")
{
  const auto owner = connect_to_broker();
  const auto replies = owner->make_reply_queue(soon(), {});
  CHECK(code_thrown_by([&] { connect_to_broker()->find_queue(replies, soon(), {}); }) ==
        ErrorCode::conflict);
}

TEST_CASE("rabbitmq::Broker: a fanout reaches a bound reply queue with all properties")
{
  const auto broker = connect_to_broker();
  const auto exchange = fresh_name();
  broker->ensure_fanout(exchange, soon(), {});
  const auto replies = broker->make_reply_queue(soon(), {});
  broker->bind(replies, exchange, soon(), {});
  broker->consume(replies, 0, true, soon(), {});
  broker->publish_transient(exchange, "",
                            {.body = std::string(300'000, 'x'),
                             .message_id = "m",
                             .correlation_id = "c",
                             .reply_to = "r"},
                            soon(), {});
  const auto delivery = broker->next_delivery(5s, -1, {});
  REQUIRE(delivery.has_value());
  CHECK(delivery->message.body.size() == 300'000);
  CHECK(delivery->message.message_id == "m");
  CHECK(delivery->message.correlation_id == "c");
  CHECK(delivery->message.reply_to == "r");
  CHECK_FALSE(delivery->message.is_persistent);
}

TEST_CASE("rabbitmq::Broker::reject: gives a delivery back marked as redelivered")
{
  QueueFixture fixture;
  auto& broker = *fixture.broker;
  publish_transient(broker, fixture.queue, "");
  broker.consume(fixture.queue, 1, false, soon(), {});
  const auto first = broker.next_delivery(5s, -1, {});
  REQUIRE(first.has_value());
  CHECK_FALSE(first->is_redelivered);
  broker.reject(first->tag, true);
  const auto second = broker.next_delivery(5s, -1, {});
  REQUIRE(second.has_value());
  CHECK(second->is_redelivered);
  broker.ack(second->tag);
}

TEST_CASE("rabbitmq::Broker::next_delivery: a readable descriptor ends the wait at once")
{
  QueueFixture fixture;
  fixture.broker->consume(fixture.queue, 1, false, soon(), {});
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const Fd reading{ends[0]};
  const Fd writing{ends[1]};
  write_all(writing.get(), "x", "pipe");
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(fixture.broker->next_delivery(10s, reading.get(), {}).has_value());
  CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("rabbitmq::Broker::next_delivery: a stop ends the wait within a second")
{
  QueueFixture fixture;
  fixture.broker->consume(fixture.queue, 1, false, soon(), {});
  std::stop_source source;
  const std::jthread stopper{[&] { source.request_stop(); }};
  CHECK_THROWS_AS(fixture.broker->next_delivery(30s, -1, source.get_token()), Cancelled);
}

TEST_CASE("rabbitmq::Broker::next_delivery: a removed queue is not_found")
{
  QueueFixture fixture;
  fixture.broker->consume(fixture.queue, 1, false, soon(), {});
  connect_to_broker()->remove_queue(fixture.queue, soon(), {});
  CHECK(code_thrown_by([&] { fixture.broker->next_delivery(10s, -1, {}); }) ==
        ErrorCode::not_found);
}

TEST_CASE("rabbitmq::Broker::cancel_consumer: later messages stay in the queue")
{
  QueueFixture fixture;
  auto& broker = *fixture.broker;
  const auto tag = broker.consume(fixture.queue, 1, false, soon(), {});
  broker.cancel_consumer(tag, soon(), {});
  std::array messages{Message{.body = "a"}};
  broker.publish(fixture.queue, messages, 1, [](std::size_t, PublishOutcome) {}, soon(), {});
  CHECK_FALSE(broker.next_delivery(0ms, -1, {}).has_value());
  CHECK(broker.find_queue(fixture.queue, soon(), {})->ready == 1);
}
