// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <stop_token>
#include <utility>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"

namespace pecanctl {

struct RetryPolicy {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{5000};
};

/// Delay before attempt `attempt` + 1 (attempts count from 1): doubled each time up to
/// `policy.longest`, then jittered to 50-100 % of that. Pure.
std::chrono::milliseconds next_delay(int attempt, const RetryPolicy& policy, std::minstd_rand& rng);

/// Whether the same call may work later: unreachable and timeout.
bool is_transient(const Error& error);

/// Runs `work` until it succeeds, fails for good, or `deadline` is over; then the last error
/// leaves. Only for work that may be repeated.
template <typename Work>
auto retry_until(const Deadline& deadline, const std::stop_token& stop, const RetryPolicy& policy,
                 Work&& work)
{
  std::minstd_rand rng{std::random_device{}()};
  for (int attempt = 1;; ++attempt) {
    try {
      return std::invoke(work);
    } catch (const Error& error) {
      if (!is_transient(error) || deadline.is_over()) {
        throw;
      }
    }
    pause_for(next_delay(attempt, policy, rng), deadline, stop);
  }
}

}  // namespace pecanctl
