// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/usage.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pecanctl::inspection {
namespace {

// An engine may take a second for one container (20.10 does), for all of them at once the same.
constexpr std::size_t k_in_flight = 64;

struct ReplicaLimits {
  double cpus = 0;
  std::uint64_t memory = 0;
};

// What the replica was given, as its spec tells.
ReplicaLimits limits_of(const engine::Replica& replica)
{
  const auto spec = nlohmann::json::parse(replica.spec, nullptr, false);
  ReplicaLimits limits;
  const auto found = spec.is_object() ? spec.find("limits") : spec.end();
  if (found == spec.end() || !found->is_object()) {
    return limits;
  }
  if (const auto cpus = found->find("cpus"); cpus != found->end() && cpus->is_number()) {
    limits.cpus = cpus->get<double>();
  }
  if (const auto memory = found->find("memory");
      memory != found->end() && memory->is_number_unsigned()) {
    limits.memory = memory->get<std::uint64_t>();
  }
  return limits;
}

std::string shown_state(const engine::Replica& replica)
{
  const bool has_health =
      replica.state == engine::State::running && replica.health != engine::Health::none;
  return std::string{has_health ? to_string(replica.health) : to_string(replica.state)};
}

// Source: proc(5), /proc/stat: user nice system idle iowait irq softirq steal.
std::optional<std::pair<std::uint64_t, std::uint64_t>> read_ticks(int& cpus)
{
  std::ifstream file{"/proc/stat"};
  std::string line;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> ticks;
  while (std::getline(file, line) && line.starts_with("cpu")) {
    if (line.starts_with("cpu ")) {
      std::istringstream columns{line.substr(4)};
      std::uint64_t all = 0;
      std::uint64_t idle = 0;
      std::uint64_t value = 0;
      for (int i = 0; i < 8 && columns >> value; ++i) {
        all += value;
        idle += i == 3 || i == 4 ? value : 0U;
      }
      ticks = {all - idle, all};
    } else {
      ++cpus;
    }
  }
  return ticks;
}

void read_memory(MachineUsage& machine)
{
  std::ifstream file{"/proc/meminfo"};
  std::string name;
  std::uint64_t kib = 0;
  std::string unit;
  std::uint64_t available = 0;
  while (file >> name >> kib && std::getline(file, unit)) {
    if (name == "MemTotal:") {
      machine.memory_total = kib * 1024;
    } else if (name == "MemAvailable:") {
      available = kib * 1024;
      break;
    }
  }
  machine.memory_used = machine.memory_total - std::min(machine.memory_total, available);
}

}  // namespace

void UsageSampler::look_at_machine(MachineUsage& machine)
{
  const auto ticks = read_ticks(machine.cpus);
  if (ticks && machine_ticks_ && ticks->second > machine_ticks_->second) {
    machine.cpu = static_cast<double>(ticks->first - machine_ticks_->first) /
                  static_cast<double>(ticks->second - machine_ticks_->second);
  }
  machine_ticks_ = ticks;
  read_memory(machine);

  struct statvfs disk {};

  const auto* const root = sources_.docker_root.empty() ? "/" : sources_.docker_root.c_str();
  if (::statvfs(root, &disk) == 0) {
    machine.disk_free = disk.f_bavail * disk.f_frsize;
    machine.disk_total = disk.f_blocks * disk.f_frsize;
  }
}

void UsageSampler::look_at_replicas(Usage& usage, const Deadline& deadline,
                                    const std::stop_token& stop)
{
  auto replicas = sources_.view.list_replicas(sources_.identity, deadline, stop);
  std::erase_if(replicas, [](const auto& replica) { return replica.is_holder; });  // plumbing
  std::vector<std::string> running;
  for (const auto& replica : replicas) {
    if (replica.state == engine::State::running || replica.state == engine::State::paused) {
      running.push_back(replica.id);
    }
    usage.revision = std::max(usage.revision, replica.revision);
  }
  const auto figures = sources_.engine.list_usage(running, k_in_flight, deadline, stop);
  const auto now = Clock::now();
  std::map<std::string, CpuSample> samples;
  for (const auto& replica : replicas) {
    const auto limits = limits_of(replica);
    ReplicaUsage row{.label = fmt::format("{}-{}", replica.service, replica.number),
                     .state = shown_state(replica),
                     .is_worker = replica.is_worker,
                     .cpu_limit = limits.cpus,
                     .memory_limit = limits.memory};
    const auto place = std::ranges::find(running, replica.id) - running.begin();
    const auto index = static_cast<std::size_t>(place);
    if (index < figures.size() && figures[index]) {
      const auto& figure = *figures[index];
      row.memory = figure.memory;
      const auto before = cpu_.find(replica.id);
      if (before != cpu_.end() && figure.cpu_ns >= before->second.used_ns) {
        const std::chrono::duration<double, std::nano> elapsed = now - before->second.at;
        row.cpu = static_cast<double>(figure.cpu_ns - before->second.used_ns) / elapsed.count();
      }
      samples[replica.id] = {.used_ns = figure.cpu_ns, .at = now};
    }
    usage.replicas.push_back(std::move(row));
  }
  cpu_ = std::move(samples);
}

QueueUsage UsageSampler::ask_queue(const std::string& name, const Deadline& deadline,
                                   const std::stop_token& stop)
{
  QueueUsage row{.name = name};
  const auto state = sources_.queue_state(name, deadline, stop);
  if (!state) {
    return row;
  }
  row.ready = state->ready;
  row.consumers = state->consumers;
  const auto now = Clock::now();
  if (const auto before = ready_.find(name); before != ready_.end()) {
    const std::chrono::duration<double> elapsed = now - before->second.at;
    row.net_rate = (static_cast<double>(state->ready) - static_cast<double>(before->second.ready)) /
                   elapsed.count();
  }
  ready_[name] = {.ready = state->ready, .at = now};
  return row;
}

void UsageSampler::look_at_queues(Usage& usage, const Deadline& deadline,
                                  const std::stop_token& stop)
{
  try {
    const auto statistics = sources_.statistics(deadline, stop);
    for (const auto& name : sources_.queues) {
      const auto found = std::ranges::find(statistics, name, &rabbitmq::QueueStatistics::name);
      QueueUsage row{.name = name};
      if (found != statistics.end()) {
        row.ready = found->ready;
        row.held = found->unacknowledged;
        row.consumers = found->consumers;
        // A queue through which nothing went has figures, but no rates.
        row.in_rate = found->ready ? found->publish_rate.value_or(0) : found->publish_rate;
        row.out_rate = found->ready ? found->ack_rate.value_or(0) : found->ack_rate;
      }
      usage.queues.push_back(std::move(row));
    }
  } catch (const Error&) {
    usage.queues.clear();
    for (const auto& name : sources_.queues) {
      usage.queues.push_back(ask_queue(name, deadline, stop));
    }
  }
}

Usage UsageSampler::look(const Deadline& deadline, const std::stop_token& stop)
{
  Usage usage{.time = std::chrono::system_clock::now()};
  const auto attempt = [&](const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      usage.problems.emplace_back(error.what());
    }
  };
  look_at_machine(usage.machine);
  attempt([&] { look_at_replicas(usage, deadline, stop); });
  if (!sources_.queues.empty()) {
    attempt([&] { look_at_queues(usage, deadline, stop); });
  }
  return usage;
}

}  // namespace pecanctl::inspection
