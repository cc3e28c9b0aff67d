// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/broker_link.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "cli/worker/heartbeat.hpp"
#include "core/base/retry.hpp"

namespace pecanctl::worker {

using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds k_connect_limit{10};
constexpr std::chrono::seconds k_lasting{10};  // a connection that broke sooner is tried less often

}  // namespace

BrokerLink::BrokerLink(rabbitmq::Endpoint endpoint, std::string queue, Log& log)
    : endpoint_{std::move(endpoint)},
      queue_{std::move(queue)},
      log_{log},
      done_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)}
{
  if (!done_) {
    throw system_error("cannot wait for events", errno);
  }
}

std::unique_ptr<rabbitmq::Broker> BrokerLink::connect(const std::stop_token& stop) const
{
  const auto deadline = Deadline::in(k_connect_limit);
  auto broker = rabbitmq::connect(endpoint_, deadline, stop);
  broker->ensure_queue(queue_, deadline, stop);
  broker->ensure_fanout(k_models_exchange, deadline, stop);
  return broker;
}

void BrokerLink::begin_attempt()
{
  std::promise<std::unique_ptr<rabbitmq::Broker>> promise;
  result_ = promise.get_future();
  attempt_ =
      std::jthread{[this, promise = std::move(promise)](const std::stop_token& stop) mutable {
        try {
          promise.set_value(connect(stop));
        } catch (...) {  // thread entry
          promise.set_exception(std::current_exception());
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(done_.get(), &one, sizeof one);
      }};
}

bool BrokerLink::serve()
{
  if (broker_ != nullptr) {
    return false;
  }
  if (!result_.valid()) {
    if (Clock::now() >= next_attempt_) {
      begin_attempt();
    }
    return false;
  }
  if (result_.wait_for(milliseconds{0}) != std::future_status::ready) {
    return false;
  }
  attempt_.join();
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(done_.get(), &count, sizeof count);
  try {
    broker_ = result_.get();
  } catch (const Error& error) {
    note_failure(error);
    return false;
  }
  connected_at_ = Clock::now();
  return true;
}

void BrokerLink::note_failure(const Error& error)
{
  constexpr RetryPolicy k_policy{.first = milliseconds{100}, .longest = milliseconds{5000}};
  next_attempt_ = Clock::now() + next_delay(++failures_, k_policy, rng_);
  if (last_failure_ != error.what()) {
    last_failure_ = error.what();
    log_.line(fmt::format("{} (trying again)", last_failure_));
  }
}

void BrokerLink::drop(const Error& error)
{
  broker_.reset();
  if (Clock::now() - connected_at_ > k_lasting) {
    failures_ = 0;
  }
  last_failure_.clear();
  note_failure(error);
}

void BrokerLink::close()
{
  broker_.reset();
}

milliseconds BrokerLink::until_attempt(milliseconds longest) const
{
  if (broker_ != nullptr || result_.valid()) {
    return longest;
  }
  const auto left = std::chrono::ceil<milliseconds>(next_attempt_ - Clock::now());
  return std::clamp(left, milliseconds{0}, longest);
}

}  // namespace pecanctl::worker
