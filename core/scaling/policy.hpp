// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/stack/stack.hpp"

/// How many workers a model needs, from what its queue holds. Pure: whoever calls looks, acts, and
/// keeps the memory.
namespace pecanctl::scaling {

using Time = std::chrono::system_clock::time_point;

/// One look at a model. What could not be had is absent, and is never taken for 0.
struct Sight {
  Time now = {};
  std::optional<std::uint64_t> ready = {};  ///< messages that wait, live
  std::optional<int> busy = {};             ///< workers that run a job now
  int workers = 0;                          ///< running ones
  int room = 1'000'000;                     ///< so many the machine can hold
};

/// What must be known of earlier decisions. A memory that was lost costs patience, never work.
struct Memory {
  struct Amount {
    int count = 0;
    Time at = {};
    bool operator==(const Amount&) const = default;
  };

  /// What was wanted of late, falling: only what can still be the largest is kept.
  std::vector<Amount> wanted = {};
  std::vector<Amount> grown = {};     ///< workers added in the last k_growth_period
  std::optional<Time> active = {};    ///< when there was last enough to do
  std::optional<Time> grown_at = {};  ///< when workers were last added
  int aim = 0;                        ///< the count that the last addition leads to
  int failures = 0;                   ///< looks in a row that told nothing

  bool operator==(const Memory&) const = default;
};

/// What an operator forbids.
enum class Pause { none, up, down, all };

enum class Verdict { up, down, hold, paused, error };

std::string_view to_string(Verdict verdict);
std::string_view to_string(Pause pause);
/// Nothing when it is none.
std::optional<Pause> parse_pause(std::string_view text);
std::optional<Verdict> parse_verdict(std::string_view text);

struct Decision {
  Verdict verdict = Verdict::hold;
  int raw = 0;     ///< what demand alone asks for
  int want = 0;    ///< the same within the bounds
  int target = 0;  ///< workers to have now; equals `workers` unless the verdict is up or down
  std::string reason = {};
  Memory memory = {};  ///< for the next look
};

/// At most max(k_growth_step, as many as there were) workers are added in this time.
inline constexpr int k_growth_step = 4;
inline constexpr std::chrono::seconds k_growth_period{15};
/// So long an addition has to show before the next one.
inline constexpr std::chrono::seconds k_convergence{60};
/// More failures in a row than this, and `Scaling::fallback` holds.
inline constexpr int k_patience = 3;

/// The decision about `sight`. Promises: never fewer than are busy; never fewer while anything is
/// unknown; a worker goes only after it was not wanted for `stabilisation`, none was added for
/// `min_lifetime` and, where that leads to `min`, nothing was to do for `cooldown`; more at once,
/// but at most max(4, N) in 15 s.
/// Source: KEDA and the Kubernetes HPA, with running jobs counted live.
Decision decide(const Sight& sight, const Memory& memory, const stack::Scaling& scaling,
                Pause pause);

}  // namespace pecanctl::scaling
