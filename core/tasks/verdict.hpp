// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pecanctl::tasks {

/// What became of one of the jobs that run the same chunk.
enum class Vote : std::uint8_t {
  open,  ///< no result yet
  lost,  ///< it failed as often as it may
  valid  ///< an output that holds, of a worker that has no other vote
};

struct Quorum {
  int needed = 1;       ///< valid results at least
  int max_results = 1;  ///< valid results at most
};

/// What follows from the votes on a chunk.
struct Verdict {
  enum class Kind : std::uint8_t {
    run,       ///< the open ones, and `more` new ones
    compare,   ///< `pairs` first
    verified,  ///< the result `accepted` counts
    failed,    ///< for `reason`
  };
  Kind kind = Kind::run;
  std::size_t accepted = 0;
  std::size_t more = 0;
  std::vector<std::pair<std::size_t, std::size_t>> pairs = {};
  std::string reason = {};
};

/// Whether two votes are the same; nothing: not known.
using Same = std::function<std::optional<bool>(std::size_t, std::size_t)>;

/// A result counts when at least `needed` are valid and more than half of the valid ones agree with
/// it, itself among them. Without such a result there are to be so many more that there may be one,
/// up to `max_results`. Sameness need not be transitive (a tolerance is not). Pure.
/// Source: BOINC, check_set: min_quorum/2+1 of min_quorum; here of all, however many there are.
Verdict judge(std::span<const Vote> votes, const Quorum& quorum, const Same& is_same);

}  // namespace pecanctl::tasks
