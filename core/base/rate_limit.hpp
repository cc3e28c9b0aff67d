// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>

namespace pecanctl {

/// Lets so many through at once, then one each `refill`. Not thread-safe.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RateLimit(double burst, std::chrono::milliseconds refill) : burst_{burst}, refill_{refill} {}

  /// Whether one more may happen at `now`; if so, it counts.
  bool take(Time now);

  /// Counts as so many more, without asking.
  void charge(double cost) { used_ += cost; }

 private:
  double burst_;
  std::chrono::milliseconds refill_;
  double used_ = 0;
  Time last_ = {};
};

}  // namespace pecanctl
