// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <utility>

#include "core/scaling/policy.hpp"
#include "tests/bench/scaling/simulator.hpp"

namespace pecanctl::simulation {
namespace {

class Ours : public Rule {
 public:
  explicit Ours(const stack::Scaling& scaling) : scaling_{scaling} {}

  std::string name() const override { return "pecanctl"; }

  bool spares_busy() const override { return true; }

  int count(const Scene& scene) override
  {
    const auto decision =
        scaling::decide({.now = scaling::Time{std::chrono::seconds{1'000'000'000 + scene.now}},
                         .ready = static_cast<std::uint64_t>(scene.ready),
                         .busy = scene.busy,
                         .workers = scene.workers},
                        memory_, scaling_, scaling::Pause::none);
    memory_ = decision.memory;
    return decision.target;
  }

 private:
  stack::Scaling scaling_;
  scaling::Memory memory_;
};

// Source: KEDA 2.21 (scale loop, RabbitMQ scaler) and the Kubernetes HPA algorithm page.
class Keda : public Rule {
 public:
  explicit Keda(const stack::Scaling& scaling) : scaling_{scaling} {}

  std::string name() const override { return "KEDA"; }

  int count(const Scene& scene) override
  {
    const int messages = scene.ready + scene.busy;
    if (scene.now % k_poll == 0) {
      poll(scene, messages);
    }
    if (scene.now % k_sync == 0 && is_active_ && scene.workers > 0) {
      return synchronise(scene, messages);
    }
    if (scene.workers == 0 && is_active_) {
      return std::max(1, scaling_.min);
    }
    if (!is_active_ && scene.now - active_at_ >= k_cooldown) {
      return scaling_.min;
    }
    return scene.workers;
  }

 private:
  static constexpr int k_poll = 30;
  static constexpr int k_sync = 15;
  static constexpr int k_cooldown = 300;
  static constexpr int k_window = 300;
  static constexpr double k_tolerance = 0.1;

  void poll(const Scene& scene, int messages)
  {
    if (messages > scaling_.activation) {
      is_active_ = true;
      active_at_ = scene.now;
    } else if (scene.now - active_at_ >= k_cooldown) {
      is_active_ = false;
    }
  }

  int synchronise(const Scene& scene, int messages)
  {
    const double ratio = messages / scaling_.target / scene.workers;
    int wanted = std::abs(ratio - 1) <= k_tolerance
                     ? scene.workers
                     : static_cast<int>(std::ceil(messages / scaling_.target));
    wanted = std::clamp(wanted, std::max(1, scaling_.min), scaling_.max);
    recommended_.emplace_back(scene.now, wanted);
    while (recommended_.front().first + k_window < scene.now) {
      recommended_.pop_front();
    }
    if (wanted > scene.workers) {
      return std::min(wanted, scene.workers + std::max(4, scene.workers));
    }
    for (const auto& [at, count] : recommended_) {
      wanted = std::max(wanted, count);
    }
    return std::min(scene.workers, wanted);
  }

  stack::Scaling scaling_;
  bool is_active_ = false;
  int active_at_ = -k_cooldown;
  std::deque<std::pair<int, int>> recommended_;
};

// Source: ncsa/clusterstats, swarmscale at 8ffbb07, with its later clamp to min and max.
class BrownDog : public Rule {
 public:
  explicit BrownDog(const stack::Scaling& scaling) : scaling_{scaling} {}

  std::string name() const override { return "Brown Dog"; }

  int count(const Scene& scene) override
  {
    constexpr int k_period = 60;
    constexpr int k_sizing = 100;
    constexpr int k_jitter = 20;
    const int workers = scene.workers;
    if (scene.now % k_period != 0) {
      return workers;
    }
    if (workers == 0) {
      return 1;
    }
    if (scene.ready >= workers * k_sizing + k_jitter && workers < scaling_.max) {
      return workers + 1;
    }
    return scene.ready < workers * k_sizing - k_jitter && workers > 1 ? workers - 1 : workers;
  }

 private:
  stack::Scaling scaling_;
};

}  // namespace

std::unique_ptr<Rule> make_ours(const stack::Scaling& scaling)
{
  return std::make_unique<Ours>(scaling);
}

std::unique_ptr<Rule> make_keda(const stack::Scaling& scaling)
{
  return std::make_unique<Keda>(scaling);
}

std::unique_ptr<Rule> make_brown_dog(const stack::Scaling& scaling)
{
  return std::make_unique<BrownDog>(scaling);
}

}  // namespace pecanctl::simulation
