// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>

namespace pecanctl::worker {

/// Whether an interface is up here besides the loopback. Workers that share the network of a
/// container have none once that container ended, and never get one again.
bool has_network();

/// When an idle worker had better start anew: the engine then joins it to the network that is
/// there by then.
class Patience {
 public:
  using Clock = std::chrono::steady_clock;

  /// `limit`: without a broker; zero: for ever. Without a network k_without_network is enough.
  /// `has_network` is asked once a second at most, and never while a job runs.
  Patience(std::chrono::milliseconds limit, std::function<bool()> has_network);

  /// Tells how things are now; returns whether the patience is over.
  bool is_over(Clock::time_point now, bool is_connected, bool is_working);

  /// Enough for the holder of the network to be started again, so that the engine finds it.
  static constexpr std::chrono::seconds k_without_network{5};

 private:
  std::chrono::milliseconds limit_;
  std::function<bool()> has_network_;
  bool had_network_;  ///< at the beginning: who never had one speaks through the loopback
  Clock::time_point asked_at_ = {};
  Clock::time_point lonely_since_ = Clock::time_point::max();
  Clock::time_point cut_off_since_ = Clock::time_point::max();
};

}  // namespace pecanctl::worker
