// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/rabbitmq/broker.hpp"

namespace pecanctl::test {

/// A broker in memory, with a clock that only waiting moves. It outlives its connections.
struct FakeBroker {
  using Clock = std::chrono::steady_clock;

  Clock::time_point now = Clock::time_point{} + std::chrono::hours{1};
  std::map<std::string, std::deque<rabbitmq::Message>> queues = {};
  std::uint64_t consumers = 1;
  std::vector<rabbitmq::Message> published = {};  ///< everything that reached a queue

  /// What becomes of a message instead of `confirmed`; `unconfirmed` also breaks the connection.
  /// `arrives` says whether it is in the queue nevertheless.
  struct Fate {
    rabbitmq::PublishOutcome outcome = rabbitmq::PublishOutcome::confirmed;
    bool arrives = true;
  };

  std::function<Fate(const rabbitmq::Message&)> decide = [](const auto&) { return Fate{}; };
  /// Called whenever somebody waits: workers work here.
  std::function<void(FakeBroker&)> on_wait = [](FakeBroker&) {};
  int connections = 0;
  int silences = 0;  ///< so often it is slow: it tells of no message, though some wait

  std::unique_ptr<rabbitmq::Broker> connect();

  std::optional<rabbitmq::Message> take(const std::string& queue)
  {
    auto& messages = queues[queue];
    if (messages.empty()) {
      return std::nullopt;
    }
    auto first = std::move(messages.front());
    messages.pop_front();
    return first;
  }
};

/// One connection to a FakeBroker.
class FakeConnection : public rabbitmq::Broker {
 public:
  explicit FakeConnection(FakeBroker& broker) : broker_{broker} {}

  FakeConnection(const FakeConnection&) = delete;
  FakeConnection& operator=(const FakeConnection&) = delete;

  /// What was not acknowledged goes back to where it stood.
  ~FakeConnection() override
  {
    auto& messages = broker_.queues[held_queue_];
    for (auto held = held_.rbegin(); held != held_.rend(); ++held) {
      messages.push_front(std::move(held->second));
    }
  }

  void ensure_queue(std::string_view name, const Deadline& /*deadline*/,
                    std::stop_token /*stop*/) override
  {
    broker_.queues[std::string{name}];
  }

  std::optional<rabbitmq::QueueState> find_queue(std::string_view name,
                                                 const Deadline& /*deadline*/,
                                                 std::stop_token /*stop*/) override
  {
    const auto found = broker_.queues.find(std::string{name});
    return found == broker_.queues.end()
               ? std::nullopt
               : std::optional{rabbitmq::QueueState{.ready = found->second.size(),
                                                    .consumers = broker_.consumers}};
  }

  bool remove_queue(std::string_view name, const Deadline& /*deadline*/,
                    std::stop_token /*stop*/) override
  {
    return broker_.queues.erase(std::string{name}) > 0;
  }

  std::uint64_t purge_queue(std::string_view name, const Deadline& /*deadline*/,
                            std::stop_token /*stop*/) override
  {
    return std::exchange(broker_.queues[std::string{name}], {}).size();
  }

  std::string make_reply_queue(const Deadline& /*deadline*/, std::stop_token /*stop*/) override
  {
    reply_queue_ = "reply-" + std::to_string(broker_.connections);
    broker_.queues[reply_queue_];
    return reply_queue_;
  }

  void ensure_fanout(std::string_view /*name*/, const Deadline& /*deadline*/,
                     std::stop_token /*stop*/) override
  {
  }

  void bind(std::string_view /*queue*/, std::string_view /*exchange*/, const Deadline& /*deadline*/,
            std::stop_token /*stop*/) override
  {
  }

  void publish(std::string_view queue, std::span<const rabbitmq::Message> messages,
               std::size_t /*window*/,
               const std::function<void(std::size_t, rabbitmq::PublishOutcome)>& on_outcome,
               const Deadline& /*deadline*/, std::stop_token stop) override
  {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      check_stop(stop);
      const auto found = broker_.queues.find(std::string{queue});
      const auto fate = broker_.decide(messages[i]);
      const bool is_returned = found == broker_.queues.end();
      if (!is_returned && fate.arrives) {
        found->second.push_back(messages[i]);
        broker_.published.push_back(messages[i]);
      }
      on_outcome(i, is_returned ? rabbitmq::PublishOutcome::returned : fate.outcome);
      if (fate.outcome == rabbitmq::PublishOutcome::unconfirmed) {
        throw Error{{.code = ErrorCode::unreachable,
                     .what = "cannot publish",
                     .why = "the connection broke"}};
      }
    }
  }

  void publish_transient(std::string_view /*exchange*/, std::string_view key,
                         const rabbitmq::Message& message, const Deadline& /*deadline*/,
                         std::stop_token /*stop*/) override
  {
    broker_.queues[std::string{key}].push_back(message);
  }

  std::string consume(std::string_view queue, int /*prefetch*/, bool auto_ack,
                      const Deadline& /*deadline*/, std::stop_token /*stop*/) override
  {
    if (!auto_ack) {
      held_queue_ = queue;
    }
    return "consumer";
  }

  void cancel_consumer(std::string_view /*tag*/, const Deadline& /*deadline*/,
                       std::stop_token /*stop*/) override
  {
  }

  std::optional<rabbitmq::Delivery> next_delivery(std::chrono::milliseconds wait,
                                                  int /*also_wake_fd*/,
                                                  std::stop_token stop) override
  {
    check_stop(stop);
    if (!held_queue_.empty()) {
      if (broker_.silences > 0) {
        --broker_.silences;
        return std::nullopt;
      }
      auto message = broker_.take(held_queue_);
      if (!message) {
        return std::nullopt;
      }
      held_[++last_tag_] = *message;
      return rabbitmq::Delivery{.tag = last_tag_, .message = std::move(*message)};
    }
    if (wait.count() > 0) {
      broker_.on_wait(broker_);
    }
    if (auto message = broker_.take(reply_queue_)) {
      return rabbitmq::Delivery{.message = std::move(*message)};
    }
    broker_.now += wait;
    return std::nullopt;
  }

  void ack(std::uint64_t tag) override { held_.erase(tag); }

  void reject(std::uint64_t /*tag*/, bool /*requeue*/) override {}

 private:
  FakeBroker& broker_;
  std::string reply_queue_;
  std::string held_queue_;  ///< consumed with acknowledgements
  std::map<std::uint64_t, rabbitmq::Message> held_;
  std::uint64_t last_tag_ = 0;
};

inline std::unique_ptr<rabbitmq::Broker> FakeBroker::connect()
{
  ++connections;
  return std::make_unique<FakeConnection>(*this);
}

}  // namespace pecanctl::test
