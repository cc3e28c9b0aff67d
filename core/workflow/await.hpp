// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/workflow/job.hpp"
#include "core/workflow/outcome.hpp"

namespace pecanctl::workflow {

/// Calls `on_outcome` for those of `jobs` (indices into `all`) whose outcome is there, whole, and
/// not the stale one.
void look_for_outcomes(const std::vector<Job>& all, std::span<const std::uint32_t> jobs,
                       engine::DataAccess& data,
                       const std::function<void(std::uint32_t, Outcome)>& on_outcome,
                       const Deadline& deadline, std::stop_token stop);

/// Chooses whose turn it is to be looked at, a bounded number each time, so that many jobs do not
/// make a look slow.
class Rotation {
 public:
  /// The next `count` jobs under way, from where the last call ended.
  std::vector<std::uint32_t> next(const std::vector<Job>& jobs, std::size_t count);

 private:
  std::size_t cursor_ = 0;
};

/// Tells when nobody can be working for us any more: the queue empty and every worker idle, for so
/// long. PEcAn's worker drops a bad message, and one whose folder it does not see, without a word.
class Silence {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Silence(std::chrono::milliseconds limit) : limit_{limit} {}

  /// Returns whether it has been silent since `limit`.
  bool observe(Time now, bool is_silent);

  /// Something was sent or came in.
  void interrupt() { since_.reset(); }

 private:
  std::chrono::milliseconds limit_;
  std::optional<Time> since_;
};

}  // namespace pecanctl::workflow
