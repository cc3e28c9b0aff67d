// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/scaling/simulator.hpp"

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <utility>

namespace pecanctl::simulation {
namespace {

constexpr int k_start_up = 2;
constexpr int k_flap = 300;
constexpr double k_hour_seconds = 3600;

struct Worker {
  int takes_jobs_at = 0;
  int job = -1;  ///< index, or none
  int began_at = 0;
  int ends_at = 0;
};

class Simulation {
 public:
  Simulation(const Load& load, Rule& rule) : load_{load}, rule_{rule}
  {
    report_.load = load.name;
    report_.rule = rule.name();
    report_.jobs = static_cast<int>(load.jobs.size());
    waits_.resize(load.jobs.size(), -1);
  }

  Report run(int sample_count)
  {
    const int every = std::max(1, load_.length / sample_count);
    for (now_ = 0; now_ < load_.length; ++now_) {
      end_jobs();
      submit();
      hand_out();
      resize(rule_.count({.now = now_,
                          .ready = static_cast<int>(queue_.size()),
                          .busy = count_busy(),
                          .workers = static_cast<int>(workers_.size())}));
      report_.worker_hours += static_cast<double>(workers_.size()) / k_hour_seconds;
      report_.most_workers = std::max(report_.most_workers, static_cast<int>(workers_.size()));
      if (now_ % every == 0) {
        report_.samples.push_back(sample());
      }
    }
    summarise();
    return std::move(report_);
  }

 private:
  int count_busy() const
  {
    return static_cast<int>(
        std::ranges::count_if(workers_, [](const Worker& worker) { return worker.job >= 0; }));
  }

  void end_jobs()
  {
    for (auto& worker : workers_) {
      if (worker.job >= 0 && worker.ends_at <= now_) {
        const auto job = static_cast<std::size_t>(worker.job);
        waits_[job] = worker.began_at - load_.jobs[job].at;
        worker.job = -1;
        ++report_.done;
      }
    }
  }

  void submit()
  {
    while (next_ < load_.jobs.size() && load_.jobs[next_].at <= now_) {
      queue_.push_back(static_cast<int>(next_++));
    }
  }

  void hand_out()
  {
    for (auto& worker : workers_) {
      if (!queue_.empty() && worker.job < 0 && worker.takes_jobs_at <= now_) {
        worker.job = queue_.front();
        queue_.pop_front();
        worker.began_at = now_;
        worker.ends_at = now_ + load_.jobs[static_cast<std::size_t>(worker.job)].duration;
      }
    }
  }

  void resize(int wanted)
  {
    const int present = static_cast<int>(workers_.size());
    if (wanted == present) {
      return;
    }
    ++report_.changes;
    if (wanted > present) {
      workers_.resize(static_cast<std::size_t>(wanted), {.takes_jobs_at = now_ + k_start_up});
      rises_.emplace_back(now_, wanted);
      return;
    }
    const bool undoes = std::ranges::any_of(rises_, [&](const auto& rise) {
      return now_ - rise.first < k_flap && rise.second > wanted;
    });
    report_.flaps += undoes ? 1 : 0;
    for (int left = present - wanted; left > 0; --left) {
      remove_one();
    }
  }

  void remove_one()
  {
    if (rule_.spares_busy()) {
      std::ranges::stable_sort(workers_, {}, [](const Worker& worker) { return worker.job >= 0; });
    } else {
      std::swap(workers_.front(), workers_[random_() % workers_.size()]);
    }
    if (const auto& victim = workers_.front(); victim.job >= 0) {
      ++report_.cut_off;
      report_.lost_hours += (now_ - victim.began_at) / k_hour_seconds;
      queue_.push_front(victim.job);  // the broker hands it to another
    }
    workers_.erase(workers_.begin());
  }

  Sample sample() const
  {
    const int oldest =
        queue_.empty() ? 0 : now_ - load_.jobs[static_cast<std::size_t>(queue_.front())].at;
    return {.at = now_,
            .demand = static_cast<int>(queue_.size()) + count_busy(),
            .workers = static_cast<int>(workers_.size()),
            .oldest = oldest};
  }

  void summarise()
  {
    std::erase(waits_, -1);
    std::ranges::sort(waits_);
    if (!waits_.empty()) {
      report_.mean_wait =
          std::accumulate(waits_.begin(), waits_.end(), 0.0) / static_cast<double>(waits_.size());
      report_.p95_wait = waits_[(waits_.size() - 1) * 95 / 100];
    }
  }

  const Load& load_;
  Rule& rule_;
  Report report_;
  int now_ = 0;
  std::size_t next_ = 0;
  std::deque<int> queue_;
  std::vector<Worker> workers_;
  std::vector<int> waits_;
  std::vector<std::pair<int, int>> rises_;
  std::mt19937 random_{7};
};

}  // namespace

Report simulate(const Load& load, Rule& rule, int sample_count)
{
  return Simulation{load, rule}.run(sample_count);
}

}  // namespace pecanctl::simulation
