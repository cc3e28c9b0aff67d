// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/rate_limit.hpp"

#include <algorithm>

namespace pecanctl {

bool RateLimit::take(Time now)
{
  const std::chrono::duration<double> passed = now - last_;
  const std::chrono::duration<double> refill = refill_;
  used_ = std::max(0.0, used_ - passed / refill);
  last_ = now;
  if (used_ + 1 > burst_) {
    return false;
  }
  used_ += 1;
  return true;
}

}  // namespace pecanctl
