// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/report.hpp"

namespace pecanctl::cli::output {

using ViewTime = std::chrono::steady_clock::time_point;

/// How fast a step's numbers grow, over its last ten seconds.
class RateMeter {
 public:
  void add(std::uint64_t current, std::uint64_t total, ViewTime now);
  /// Units per second; nothing before there is something to tell.
  std::optional<double> per_second(ViewTime now) const;
  /// Time until `total` at that rate.
  std::optional<std::chrono::seconds> time_left(ViewTime now) const;

 private:
  struct Sample {
    std::uint64_t current;
    ViewTime at;
  };

  std::deque<Sample> samples_;
  std::uint64_t current_ = 0;
  std::uint64_t total_ = 0;
};

enum class StepState { open, done, skipped, failed, interrupted };

struct StepView {
  std::string id = {};
  std::string action = {};
  StepState state = StepState::open;
  std::string waits_for = {};  ///< while it is open
  std::string detail = {};     ///< how it ended
  std::vector<std::string> trail = {};
  std::uint64_t current = 0;
  std::uint64_t total = 0;
  std::string unit = {};
  RateMeter rate = {};
  ViewTime began = {};
  ViewTime ended = {};
};

/// The steps of one service (or the images, the networks, …), in order of their first event.
struct GroupView {
  std::string name = {};
  std::vector<StepView> steps = {};

  bool is_open() const;
  bool has_failed() const;
};

/// What a live view shows of a command's events. Pure state: no clock, no output.
class ProgressView {
 public:
  void on(const StepStarted& event, ViewTime now);
  void on(const StepProgress& event, ViewTime now);
  /// `is_stopping`: a step that failed without a word was interrupted.
  void on(const StepFinished& event, ViewTime now, bool is_stopping);

  const std::vector<GroupView>& groups() const { return groups_; }

  bool is_open() const;

 private:
  StepView* find(const std::string& id);

  std::vector<GroupView> groups_;
  std::map<std::string, std::size_t> group_index_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> step_index_;  ///< group, step
};

}  // namespace pecanctl::cli::output
