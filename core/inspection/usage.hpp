// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/rabbitmq/management.hpp"

namespace pecanctl::inspection {

/// What this machine uses. A number that could not be had, or needs a second look, is absent.
struct MachineUsage {
  std::optional<double> cpu = {};  ///< of all processors: 0 to 1
  int cpus = 0;
  std::uint64_t memory_used = 0;  ///< bytes that programs cannot have
  std::uint64_t memory_total = 0;
  std::uint64_t disk_free = 0;  ///< where Docker keeps its data
  std::uint64_t disk_total = 0;
};

struct ReplicaUsage {
  std::string label = {};  ///< "dalec-2"
  std::string state = {};
  bool is_worker = false;
  std::optional<double> cpu = {};  ///< processors: 1.5 is one and a half
  double cpu_limit = 0;            ///< processors; 0: none
  std::optional<std::uint64_t> memory = {};
  std::uint64_t memory_limit = 0;  ///< bytes; 0: none
};

struct QueueUsage {
  std::string name = {};
  std::optional<std::uint64_t> ready = {};
  std::optional<std::uint64_t> held = {};  ///< with workers; absent without the management API
  std::optional<std::uint64_t> consumers = {};
  std::optional<double> in_rate = {};   ///< messages per second
  std::optional<double> out_rate = {};  ///< finished per second
  std::optional<double> net_rate = {};  ///< by which `ready` grows: all that two looks tell
};

/// One look at an instance.
struct Usage {
  std::chrono::system_clock::time_point time = {};
  MachineUsage machine = {};
  std::vector<ReplicaUsage> replicas = {};
  std::vector<QueueUsage> queues = {};
  std::vector<std::string> problems = {};  ///< what could not be looked at, and why
  int revision = 0;
};

/// Where the figures come from.
struct UsageSources {
  docker::Engine& engine;
  engine::View& view;
  engine::Identity identity = {};
  std::string docker_root = {};          ///< Docker's data root
  std::vector<std::string> queues = {};  ///< names; empty: none are known
  std::function<std::vector<rabbitmq::QueueStatistics>(const Deadline&, const std::stop_token&)>
      statistics = {};
  std::function<std::optional<rabbitmq::QueueState>(const std::string&, const Deadline&,
                                                    const std::stop_token&)>
      queue_state = {};
};

/// Looks again and again; what is a rate comes from two looks.
class UsageSampler {
 public:
  explicit UsageSampler(UsageSources sources) : sources_{std::move(sources)} {}

  /// Takes no lock and changes nothing. What does not answer by `deadline` is a problem of the
  /// result. @throws Cancelled.
  Usage look(const Deadline& deadline, const std::stop_token& stop);

 private:
  using Clock = std::chrono::steady_clock;

  struct CpuSample {
    std::uint64_t used_ns = 0;
    Clock::time_point at = {};
  };

  struct ReadySample {
    std::uint64_t ready = 0;
    Clock::time_point at = {};
  };

  void look_at_machine(MachineUsage& machine);
  void look_at_replicas(Usage& usage, const Deadline& deadline, const std::stop_token& stop);
  void look_at_queues(Usage& usage, const Deadline& deadline, const std::stop_token& stop);
  QueueUsage ask_queue(const std::string& name, const Deadline& deadline,
                       const std::stop_token& stop);

  UsageSources sources_;
  std::map<std::string, CpuSample> cpu_;                                  // by container
  std::map<std::string, ReadySample> ready_;                              // by queue
  std::optional<std::pair<std::uint64_t, std::uint64_t>> machine_ticks_;  // busy, all
};

}  // namespace pecanctl::inspection
