// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/confirm_window.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace pecanctl::rabbitmq;

namespace {

// A window of messages "0" to "9" sent with tags 1 to 10, and what was told of them.
struct Sent {
  std::vector<Message> messages = {};
  std::vector<std::pair<std::size_t, PublishOutcome>> told = {};
  ConfirmWindow::OnOutcome on_outcome = [this](std::size_t index, PublishOutcome outcome) {
    told.emplace_back(index, outcome);
  };
  ConfirmWindow window;

  explicit Sent(std::size_t count) : messages{make(count)}, window{messages, on_outcome}
  {
    for (std::size_t i = 0; i < count; ++i) {
      window.sent(i + 1, i);
    }
  }

  static std::vector<Message> make(std::size_t count)
  {
    std::vector<Message> made;
    for (std::size_t i = 0; i < count; ++i) {
      made.push_back({.body = std::to_string(i)});
    }
    return made;
  }
};

using Told = std::vector<std::pair<std::size_t, PublishOutcome>>;

}  // namespace

TEST_CASE("rabbitmq::ConfirmWindow: a multiple ack answers everything up to its tag")
{
  Sent sent{4};
  sent.window.answered(2, false, true);
  sent.window.answered(3, true, true);
  CHECK(sent.told == Told{{1, PublishOutcome::confirmed},
                          {0, PublishOutcome::confirmed},
                          {2, PublishOutcome::confirmed}});
  CHECK(sent.window.size() == 1);
}

TEST_CASE("rabbitmq::ConfirmWindow: a multiple nack with tag 0 refuses everything")
{
  Sent sent{2};
  sent.window.answered(0, true, false);
  CHECK(sent.told == Told{{0, PublishOutcome::refused}, {1, PublishOutcome::refused}});
}

TEST_CASE("rabbitmq::ConfirmWindow: a returned message is told once and at its ack")
{
  Sent sent{3};
  sent.window.returned({.body = "1"});
  CHECK(sent.told.empty());
  sent.window.answered(3, true, true);
  CHECK(sent.told == Told{{0, PublishOutcome::confirmed},
                          {1, PublishOutcome::returned},
                          {2, PublishOutcome::confirmed}});
}

TEST_CASE(
    "rabbitmq::ConfirmWindow: answers to unknown tags are ignored and the rest is unconfirmed")
{
  Sent sent{1};
  sent.window.answered(7, false, true);
  CHECK(sent.told.empty());
  sent.window.give_up();
  sent.window.give_up();
  CHECK(sent.told == Told{{0, PublishOutcome::unconfirmed}});
}
