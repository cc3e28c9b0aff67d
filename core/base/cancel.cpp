// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/cancel.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl {

using std::chrono::milliseconds;

void check_stop(const std::stop_token& stop)
{
  if (stop.stop_requested()) {
    throw Cancelled{};
  }
}

Deadline Deadline::sooner(milliseconds duration) const
{
  return Deadline{std::min(at_, Clock::now() + duration)};
}

milliseconds Deadline::left() const
{
  if (at_ == Clock::time_point::max()) {
    return milliseconds::max();
  }
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(at_ - Clock::now()));
}

int Deadline::left_ms(int cap) const
{
  return static_cast<int>(std::min<milliseconds::rep>(left().count(), cap));
}

void Deadline::check(std::string_view waiting_for) const
{
  if (is_over()) {
    throw Error{{.code = ErrorCode::timeout, .what = fmt::format("timed out {}", waiting_for)}};
  }
}

void pause_for(milliseconds duration, const Deadline& deadline, const std::stop_token& stop)
{
  check_stop(stop);
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  wake.wait_for(lock, stop, std::min(duration, deadline.left()), [] { return false; });
  check_stop(stop);
}

}  // namespace pecanctl
