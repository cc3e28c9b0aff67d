// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <variant>
#include <vector>

#include "core/base/report.hpp"

namespace pecanctl::test {

/// Keeps every event.
class Recorder : public Reporter {
 public:
  void on(const Event& event) noexcept override
  {
    const std::scoped_lock lock{mutex_};
    events_.push_back(event);
  }

  template <typename Kind>
  std::vector<Kind> all() const
  {
    const std::scoped_lock lock{mutex_};
    std::vector<Kind> found;
    for (const auto& event : events_) {
      if (const auto* match = std::get_if<Kind>(&event)) {
        found.push_back(*match);
      }
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

}  // namespace pecanctl::test
