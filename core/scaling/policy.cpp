// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/policy.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::scaling {
namespace {

constexpr std::array<std::string_view, 5> k_verdicts{"up", "down", "hold", "paused", "error"};
constexpr std::array<std::string_view, 4> k_pauses{"none", "up", "down", "all"};

template <typename Value, std::size_t count>
std::optional<Value> parse_word(std::string_view text,
                                const std::array<std::string_view, count>& words)
{
  const auto found = std::ranges::find(words, text);
  return found == words.end() ? std::nullopt
                              : std::optional{static_cast<Value>(found - words.begin())};
}

std::string plural(int count, std::string_view noun)
{
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string left(std::chrono::system_clock::duration duration)
{
  return format_duration(std::chrono::ceil<std::chrono::seconds>(duration));
}

int jobs_to_workers(double demand, double target)
{
  constexpr double k_most = 1'000'000;
  return static_cast<int>(std::min(std::ceil(demand / target), k_most));
}

class Policy {
 public:
  Policy(const Sight& sight, Memory memory, const stack::Scaling& scaling, Pause pause)
      : sight_{sight},
        scaling_{scaling},
        pause_{pause}
  {
    result_.memory = std::move(memory);
    result_.target = sight.workers;
  }

  Decision run()
  {
    if (sight_.ready && sight_.busy) {
      measure();
      remember_want(result_.want);
      decide_known();
    } else {
      decide_unknown();
    }
    if (result_.verdict == Verdict::up) {
      remember_growth();
    }
    return std::move(result_);
  }

 private:
  Memory& memory() { return result_.memory; }

  void hold(std::string reason, Verdict verdict = Verdict::hold)
  {
    result_.verdict = verdict;
    result_.target = sight_.workers;
    result_.reason = std::move(reason);
  }

  void go(Verdict verdict, int target, std::string reason)
  {
    result_.verdict = verdict;
    result_.target = target;
    result_.reason = std::move(reason);
  }

  void measure()
  {
    memory().failures = 0;
    const auto demand = static_cast<double>(*sight_.ready) + *sight_.busy;
    const bool is_active = demand > scaling_.activation;
    if (is_active || !memory().active || *memory().active > sight_.now) {
      memory().active = sight_.now;
    }
    result_.raw = jobs_to_workers(demand, scaling_.target);
    result_.want =
        is_active ? std::clamp(result_.raw, std::max(scaling_.min, 1), scaling_.max) : scaling_.min;
  }

  // A falling sequence: what is less than a later one can never be the largest again.
  void remember_want(int want)
  {
    auto& wanted = memory().wanted;
    std::erase_if(wanted, [&](const Memory::Amount& old) {
      return old.count <= want || old.at + scaling_.stabilisation <= sight_.now ||
             old.at > sight_.now;  // a clock that was set back
    });
    wanted.push_back({.count = want, .at = sight_.now});
  }

  void decide_known()
  {
    if (pause_ == Pause::all) {
      hold("paused", Verdict::paused);
    } else if (result_.want > sight_.workers) {
      grow(result_.want, explain_demand());
    } else if (result_.want < sight_.workers) {
      shrink();
    } else {
      hold("as many as wanted");
    }
  }

  void decide_unknown()
  {
    ++memory().failures;
    // What cannot be seen may be there: afterwards patience begins anew.
    remember_want(std::min(sight_.workers, scaling_.max));
    memory().active = sight_.now;
    result_.want = sight_.workers;
    result_.raw = sight_.workers;
    if (pause_ == Pause::all) {
      hold("paused", Verdict::paused);
      return;
    }
    const int fallback = memory().failures > k_patience ? scaling_.fallback.value_or(0) : 0;
    if (fallback > sight_.workers) {
      result_.want = fallback;
      grow(fallback, fmt::format("the queue is unknown for {} looks: fallback {}",
                                 memory().failures, fallback));
    } else {
      hold(fmt::format("{} unknown, {} in a row", !sight_.ready ? "queue" : "busy workers",
                       plural(memory().failures, "look")),
           Verdict::error);
    }
  }

  void grow(int want, std::string why)
  {
    if (pause_ == Pause::up) {
      hold("more are wanted; adding is paused", Verdict::paused);
      return;
    }
    if (is_converging()) {
      hold(fmt::format("waits for the {} of the last addition", plural(memory().aim, "worker")));
      return;
    }
    const int fitting = std::min(want, std::max(sight_.room, sight_.workers));
    const int added = std::min(fitting - sight_.workers, growth_left());
    if (fitting <= sight_.workers) {
      hold(fmt::format("{} wanted, but the machine holds {}", want, sight_.room));
    } else if (added <= 0) {
      hold(fmt::format("{} wanted, but enough were added in {}", want, left(k_growth_period)));
    } else {
      go(Verdict::up, sight_.workers + added, std::move(why));
    }
  }

  bool is_converging()
  {
    const auto& at = memory().grown_at;
    return at && *at <= sight_.now && sight_.now - *at < k_convergence &&
           sight_.workers < memory().aim;
  }

  int growth_left()
  {
    auto& grown = memory().grown;
    std::erase_if(grown, [&](const Memory::Amount& old) {
      return old.at + k_growth_period <= sight_.now || old.at > sight_.now;
    });
    const int added =
        std::accumulate(grown.begin(), grown.end(), 0,
                        [](int sum, const Memory::Amount& amount) { return sum + amount.count; });
    return std::max(k_growth_step, sight_.workers - added) - added;
  }

  void remember_growth()
  {
    memory().grown.push_back({.count = result_.target - sight_.workers, .at = sight_.now});
    memory().grown_at = sight_.now;
    memory().aim = result_.target;
  }

  void shrink()
  {
    if (pause_ == Pause::down) {
      hold("fewer are wanted; removing is paused", Verdict::paused);
      return;
    }
    memory().aim = std::min(memory().aim, result_.want);  // what is not wanted is not waited for
    const auto& peak = memory().wanted.front();
    const int wanted = std::min(peak.count, scaling_.max);
    int lowest = std::max({result_.want, wanted, *sight_.busy});
    const auto idle = sight_.now - *memory().active;
    const bool is_cooling = idle < scaling_.cooldown;
    if (is_cooling) {
      lowest = std::max(lowest, std::max(scaling_.min, 1));
    }
    if (lowest >= sight_.workers) {
      hold(explain_patience(
          wanted, is_cooling ? scaling_.cooldown - idle : std::chrono::system_clock::duration{}));
      return;
    }
    const auto& grown_at = memory().grown_at;
    if (grown_at && *grown_at <= sight_.now && sight_.now - *grown_at < scaling_.min_lifetime) {
      hold(fmt::format("fewer wanted; the youngest worker stays for {}",
                       left(scaling_.min_lifetime - (sight_.now - *grown_at))));
      return;
    }
    go(Verdict::down, lowest,
       *sight_.ready == 0 && *sight_.busy == 0 ? fmt::format("nothing to do for {}", left(idle))
                                               : explain_demand());
  }

  std::string explain_demand()
  {
    const auto text = fmt::format("{} waiting, {} running", *sight_.ready, *sight_.busy);
    return result_.want > result_.raw ? fmt::format("{}, at least {}", text, result_.want) : text;
  }

  std::string explain_patience(int wanted, std::chrono::system_clock::duration cooling)
  {
    if (wanted >= sight_.workers) {
      return fmt::format("fewer wanted; {} wanted for another {}", plural(wanted, "worker"),
                         left(memory().wanted.front().at + scaling_.stabilisation - sight_.now));
    }
    if (*sight_.busy >= sight_.workers) {
      return "fewer wanted; all are busy";
    }
    return fmt::format("nothing to do; the cooldown lasts another {}", left(cooling));
  }

  const Sight& sight_;
  const stack::Scaling& scaling_;
  Pause pause_;
  Decision result_;
};

}  // namespace

std::string_view to_string(Verdict verdict)
{
  return k_verdicts.at(static_cast<std::size_t>(verdict));
}

std::string_view to_string(Pause pause)
{
  return k_pauses.at(static_cast<std::size_t>(pause));
}

std::optional<Pause> parse_pause(std::string_view text)
{
  return parse_word<Pause>(text, k_pauses);
}

std::optional<Verdict> parse_verdict(std::string_view text)
{
  return parse_word<Verdict>(text, k_verdicts);
}

Decision decide(const Sight& sight, const Memory& memory, const stack::Scaling& scaling,
                Pause pause)
{
  return Policy{sight, memory, scaling, pause}.run();
}

}  // namespace pecanctl::scaling
