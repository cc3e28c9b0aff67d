// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/patience.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <ifaddrs.h>
#include <net/if.h>

namespace pecanctl::worker {

bool has_network()
{
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return true;  // not known
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, ::freeifaddrs};
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if ((entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0) {
      return true;
    }
  }
  return false;
}

Patience::Patience(std::chrono::milliseconds limit, std::function<bool()> has_network)
    : limit_{limit},
      has_network_{std::move(has_network)},
      had_network_{has_network_()}
{
}

bool Patience::is_over(Clock::time_point now, bool is_connected, bool is_working)
{
  constexpr std::chrono::seconds k_between_questions{1};
  if (limit_.count() == 0) {
    return false;
  }
  if (is_working) {
    lonely_since_ = cut_off_since_ = Clock::time_point::max();
    return false;
  }
  lonely_since_ = is_connected ? Clock::time_point::max() : std::min(lonely_since_, now);
  // A connection that was cut off so looks alive until heartbeats are missed.
  if (had_network_ && now - asked_at_ >= k_between_questions) {
    asked_at_ = now;
    cut_off_since_ = has_network_() ? Clock::time_point::max() : std::min(cut_off_since_, now);
  }
  const auto lasts = [now](Clock::time_point since, std::chrono::milliseconds limit) {
    return since <= now && now - since >= limit;
  };
  return lasts(lonely_since_, limit_) ||
         lasts(cut_off_since_, std::min<std::chrono::milliseconds>(limit_, k_without_network));
}

}  // namespace pecanctl::worker
