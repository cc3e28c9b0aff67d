// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/stack/stack.hpp"

/// A model's queue and its workers in simulated time, one second a step, under somebody's rule of
/// how many workers there are. All times in seconds.
namespace pecanctl::simulation {

struct Job {
  int at = 0;        ///< when it is submitted
  int duration = 1;  ///< of its run
};

struct Load {
  std::string name = {};
  std::vector<Job> jobs = {};  ///< by time of submission
  int length = 0;              ///< of the simulation
};

/// Steady, burst, sawtooth, hours-long jobs, a day with next to nothing, and one that was recorded
/// (recorded.csv). The same every time.
std::vector<Load> make_loads();
/// "at,duration" a line, in seconds; lines of words are skipped.
Load read_load(const std::string& path);

/// What a rule may see.
struct Scene {
  int now = 0;
  int ready = 0;
  int busy = 0;
  int workers = 0;  ///< started ones, also those that do not take jobs yet
};

class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string name() const = 0;
  /// Workers from now on. Asked every second.
  virtual int count(const Scene& scene) = 0;

  /// Whether it looks before it removes a worker; else any worker may go, with its job.
  virtual bool spares_busy() const { return false; }
};

std::unique_ptr<Rule> make_ours(const stack::Scaling& scaling);
/// KEDA's RabbitMQ scaler in its mode QueueLength over HTTP (messages: waiting and running), and
/// the HPA behind it: poll 30 s, cooldown 300 s, sync 15 s, tolerance 0.1, the standard behaviour.
std::unique_ptr<Rule> make_keda(const stack::Scaling& scaling);
/// Brown Dog's swarmscale: once a minute one more at N*100+20 waiting, one less below N*100-20.
std::unique_ptr<Rule> make_brown_dog(const stack::Scaling& scaling);

struct Sample {
  int at = 0;
  int demand = 0;  ///< waiting and running jobs
  int workers = 0;
  int oldest = 0;  ///< how long the oldest waiting job has waited
};

struct Report {
  std::string load = {};
  std::string rule = {};
  int jobs = 0;
  int done = 0;
  double mean_wait = 0;  ///< until the run began that was completed
  int p95_wait = 0;
  int most_workers = 0;
  double worker_hours = 0;
  int changes = 0;
  int flaps = 0;          ///< removals of what was added less than 300 s before
  int cut_off = 0;        ///< workers removed while they ran a job
  double lost_hours = 0;  ///< work that was thrown away so
  std::vector<Sample> samples = {};
};

/// Containers need two seconds until they take jobs. `samples` are about `sample_count`.
Report simulate(const Load& load, Rule& rule, int sample_count);

}  // namespace pecanctl::simulation
