// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/integration/rabbitmq/broker_fixture.hpp"
#include "tests/support/broker_control.hpp"

using namespace pecanctl;
using namespace pecanctl::rabbitmq;
using namespace pecanctl::test;
using namespace std::chrono_literals;

namespace {

// While it lives, the broker believes that it is out of memory and blocks publishers.
struct MemoryAlarm {
  MemoryAlarm() { control_broker("set_vm_memory_high_watermark 0.000001"); }

  MemoryAlarm(const MemoryAlarm&) = delete;
  MemoryAlarm& operator=(const MemoryAlarm&) = delete;

  ~MemoryAlarm() { control_broker("set_vm_memory_high_watermark 0.4"); }
};

}  // namespace

TEST_CASE("rabbitmq::Broker::publish: a memory alarm ends it by the deadline with the reason")
{
  QueueFixture fixture;
  const MemoryAlarm alarm;
  Outcomes outcomes;
  const std::vector<Message> large(200, Message{.body = std::string(1'000'000, 'x')});
  const auto start = std::chrono::steady_clock::now();
  std::string why;
  auto code = ErrorCode::internal;
  try {
    fixture.broker->publish(fixture.queue, large, 1000, outcomes.collector(), Deadline::in(5s), {});
  } catch (const Error& error) {
    code = error.code();
    why = error.info().why;
  }
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(code == ErrorCode::timeout);
  CHECK(took < 8s);  // it hears the broker out, which may be busy
  CHECK(why.find("memory") != std::string::npos);
  CHECK(outcomes.count(PublishOutcome::unconfirmed) == outcomes.by_index.size());
}

TEST_CASE("rabbitmq::Broker::publish: a stop ends it under a memory alarm within a second")
{
  QueueFixture fixture;
  const MemoryAlarm alarm;
  Outcomes outcomes;
  std::stop_source source;
  const std::vector<Message> large(200, Message{.body = std::string(1'000'000, 'x')});
  std::chrono::steady_clock::time_point stopped;
  const std::jthread stopper{[&] {
    pause_for(500ms, Deadline::never(), {});  // long enough for the publish to be stuck
    stopped = std::chrono::steady_clock::now();
    source.request_stop();
  }};
  CHECK_THROWS_AS(fixture.broker->publish(fixture.queue, large, 1000, outcomes.collector(),
                                          Deadline::in(20s), source.get_token()),
                  Cancelled);
  CHECK(std::chrono::steady_clock::now() - stopped < 1s);
}
