// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <exception>
#include <stop_token>
#include <string>
#include <string_view>

namespace pecanctl {

/// Thrown when the operator asked to stop. Deliberately no Error: no recovering catch may swallow
/// it.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// Throws Cancelled when a stop was requested. Call between steps and in long loops.
void check_stop(const std::stop_token& stop);

/// A moment on the monotonic clock until which something may take.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// No limit. For waits that only the operator ends.
  static Deadline never() { return Deadline{Clock::time_point::max()}; }

  static Deadline in(std::chrono::milliseconds duration)
  {
    return Deadline{Clock::now() + duration};
  }

  /// The earlier of this and `duration` from now: a step's own limit inside a longer one.
  Deadline sooner(std::chrono::milliseconds duration) const;

  bool is_over() const { return at_ != Clock::time_point::max() && Clock::now() >= at_; }

  /// Time left, never negative; `milliseconds::max()` when there is no limit.
  std::chrono::milliseconds left() const;
  /// Time left as poll(2) wants it, at most `cap` ms, rounded up so that it never spins.
  int left_ms(int cap = 60'000) const;
  /// Throws Error timeout "timed out <waiting_for>" when over.
  void check(std::string_view waiting_for) const;

 private:
  explicit Deadline(Clock::time_point at) : at_{at} {}

  Clock::time_point at_;
};

/// Sleeps for `duration`, at most until `deadline`; wakes at once when a stop is requested.
/// @throws Cancelled.
void pause_for(std::chrono::milliseconds duration, const Deadline& deadline,
               const std::stop_token& stop);

}  // namespace pecanctl
