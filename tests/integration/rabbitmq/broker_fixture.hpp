// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/rabbitmq/broker.hpp"
#include "tests/support/services.hpp"

namespace pecanctl::test {

inline Deadline soon()
{
  return Deadline::in(std::chrono::seconds{10});
}

inline std::unique_ptr<rabbitmq::Broker> connect_to_broker(
    const std::string& name = "pecanctl-test")
{
  auto endpoint = rabbitmq::parse_amqp_url(service("PECANCTL_TEST_RABBITMQ"));
  endpoint.connection_name = name;
  return rabbitmq::connect(endpoint, soon(), {});
}

/// A broker with a fresh queue, removed at the end.
struct QueueFixture {
  std::unique_ptr<rabbitmq::Broker> broker = connect_to_broker();
  std::string queue = fresh_name();

  QueueFixture() { broker->ensure_queue(queue, soon(), {}); }

  QueueFixture(const QueueFixture&) = delete;
  QueueFixture& operator=(const QueueFixture&) = delete;

  ~QueueFixture()
  {
    try {
      connect_to_broker()->remove_queue(queue, soon(), {});
    } catch (const Error&) {  // the broker is gone, and so will be the queue
    }
  }
};

/// Counts outcomes; a second one for the same message counts as a mistake.
struct Outcomes {
  std::map<std::size_t, rabbitmq::PublishOutcome> by_index = {};
  int mistakes = 0;

  std::function<void(std::size_t, rabbitmq::PublishOutcome)> collector()
  {
    return [this](std::size_t index, rabbitmq::PublishOutcome outcome) {
      mistakes += by_index.emplace(index, outcome).second ? 0 : 1;
    };
  }

  std::size_t count(rabbitmq::PublishOutcome wanted) const
  {
    return static_cast<std::size_t>(
        std::ranges::count_if(by_index, [&](const auto& item) { return item.second == wanted; }));
  }
};

}  // namespace pecanctl::test
