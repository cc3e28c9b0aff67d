// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/workflow/withdraw.hpp"
#include "tests/integration/rabbitmq/broker_fixture.hpp"

using namespace pecanctl;

namespace {

constexpr std::uint32_t k_messages = 3000;

// Every third message is ours.
std::optional<std::uint32_t> find_ours(const rabbitmq::Message& message)
{
  const auto number = static_cast<std::uint32_t>(std::stoul(message.message_id));
  return number % 3 == 0 ? std::optional{number} : std::nullopt;
}

}  // namespace

TEST_CASE("workflow::withdraw_jobs: a real broker puts the messages of others back in their order")
{
  const test::QueueFixture fixture;
  std::vector<rabbitmq::Message> messages;
  for (std::uint32_t i = 0; i < k_messages; ++i) {
    messages.push_back({.body = "{}", .message_id = std::to_string(i)});
  }
  fixture.broker->publish(fixture.queue, messages, 1000, [](auto, auto) {}, test::soon(), {});
  const auto begun = std::chrono::steady_clock::now();
  const auto taken = workflow::withdraw_jobs(test::connect_to_broker(), fixture.queue, k_messages,
                                             find_ours, test::soon(), {});
  const auto elapsed = std::chrono::steady_clock::now() - begun;
  MESSAGE(fmt::format("{} of {} messages in {} ms", taken.size(), k_messages,
                      std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()));
  CHECK(taken.size() == k_messages / 3);

  fixture.broker->consume(fixture.queue, 0, true, test::soon(), {});
  std::vector<std::uint32_t> left;
  while (left.size() < k_messages * 2 / 3) {
    const auto delivery = fixture.broker->next_delivery(std::chrono::seconds{5}, -1, {});
    REQUIRE(delivery);
    left.push_back(static_cast<std::uint32_t>(std::stoul(delivery->message.message_id)));
  }
  CHECK(std::ranges::is_sorted(left));
  CHECK(std::ranges::none_of(left, [](auto number) { return number % 3 == 0; }));
  CHECK_FALSE(fixture.broker->next_delivery(std::chrono::milliseconds{100}, -1, {}));
}

TEST_CASE("workflow::withdraw_jobs: when it is cut short, everything is in the queue again")
{
  const test::QueueFixture fixture;
  const std::vector<rabbitmq::Message> messages(100, {.body = "{}", .message_id = "1"});
  fixture.broker->publish(fixture.queue, messages, 100, [](auto, auto) {}, test::soon(), {});
  std::stop_source stop;
  const auto find = [&](const rabbitmq::Message&) -> std::optional<std::uint32_t> {
    stop.request_stop();
    return std::nullopt;
  };
  CHECK_THROWS_AS(workflow::withdraw_jobs(test::connect_to_broker(), fixture.queue, 100, find,
                                          test::soon(), stop.get_token()),
                  Cancelled);
  fixture.broker->consume(fixture.queue, 0, true, test::soon(), {});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(fixture.broker->next_delivery(std::chrono::seconds{5}, -1, {}));
  }
}
