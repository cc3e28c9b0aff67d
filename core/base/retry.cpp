// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/retry.hpp"

#include <algorithm>

namespace pecanctl {

std::chrono::milliseconds next_delay(int attempt, const RetryPolicy& policy, std::minstd_rand& rng)
{
  const auto doublings = std::clamp(attempt - 1, 0, 20);
  const auto delay = std::min(policy.longest, policy.first * (1L << doublings));
  return std::chrono::milliseconds{std::uniform_int_distribution<std::chrono::milliseconds::rep>{
      delay.count() / 2, delay.count()}(rng)};
}

bool is_transient(const Error& error)
{
  return error.code() == ErrorCode::unreachable || error.code() == ErrorCode::timeout;
}

}  // namespace pecanctl
