// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/status.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace pecanctl::inspection {
namespace {

using engine::Health;
using engine::Replica;
using engine::State;

std::string_view state_of(const Replica& replica)
{
  const bool has_health = replica.state == State::running && replica.health != Health::none;
  return has_health ? to_string(replica.health) : to_string(replica.state);
}

// The worst state decides; the order is from worst to best.
std::string worst_state(const std::vector<const Replica*>& replicas)
{
  for (const std::string_view state : {"dead", "exited", "restarting", "unhealthy", "created",
                                       "paused", "starting", "running", "healthy"}) {
    const bool is_here = std::ranges::any_of(
        replicas, [&](const Replica* replica) { return state_of(*replica) == state; });
    if (is_here) {
      return std::string{state};
    }
  }
  return "missing";
}

class Inspector {
 public:
  Inspector(const engine::Observation& observed, engine::View& view, const QueueProbe& queues,
            const Deadline& deadline, const std::stop_token& stop)
      : observed_{observed},
        view_{view},
        queues_{queues},
        deadline_{deadline},
        stop_{stop}
  {
  }

  ServiceStatus inspect(const std::string& name, const stack::Service* service, std::size_t wanted)
  {
    const auto replicas = observed_.of_service(name);
    ServiceStatus status{.name = name, .wanted = wanted};
    for (const auto* replica : replicas) {
      status.running += replica->state == State::running ? 1 : 0;
      status.image = replica->image;
      status.since = std::min(status.since.value_or(replica->created), replica->created);
      for (const auto& port : replica->ports) {
        if (port.host_port != 0) {
          status.endpoints.push_back(
              fmt::format("{}:{} -> {}", port.host_ip, port.host_port, port.container_port));
        }
      }
    }
    status.state = wanted == 0 && replicas.empty() ? "off" : worst_state(replicas);
    if (!replicas.empty() && status.running < wanted && status.state == "running") {
      status.state = "partial";
    }
    if (service != nullptr && service->model) {
      status.workers = inspect_workers(service->model->queue(), replicas);
    }
    return status;
  }

  std::vector<std::string> take_problems() { return std::move(problems_); }

 private:
  WorkerStatus inspect_workers(const std::string& queue,
                               const std::vector<const Replica*>& replicas)
  {
    WorkerStatus status{.queue = queue};
    std::vector<std::string> running;
    for (const auto* replica : replicas) {
      if (replica->state == State::running) {
        running.push_back(replica->id);
      }
    }
    attempt("workers", [&] {
      const auto busy = view_.are_busy(running, deadline_, stop_);
      status.busy = static_cast<std::size_t>(std::ranges::count(busy, true));
      status.idle = running.size() - status.busy;
    });
    if (queues_ && !is_broker_silent_) {
      is_broker_silent_ = !attempt("queue " + queue, [&] {
        if (const auto state = queues_(queue)) {
          status.ready = state->ready;
          status.consumers = state->consumers;
        }
      });
    }
    return status;
  }

  // What does not answer is one line of the result, not its end.
  template <typename Work>
  bool attempt(const std::string& subject, Work work)
  {
    try {
      work();
      return true;
    } catch (const Error& error) {
      problems_.push_back(fmt::format("{}: {}", subject, error.what()));
      return false;
    }
  }

  const engine::Observation& observed_;
  engine::View& view_;
  const QueueProbe& queues_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  bool is_broker_silent_ = false;
  std::vector<std::string> problems_;
};

bool is_fine(const ServiceStatus& service)
{
  const bool is_good_state =
      service.state == "healthy" || service.state == "running" || service.state == "off";
  return is_good_state && service.running >= service.wanted;
}

}  // namespace

InstanceStatus inspect(const std::string& name, const std::vector<stack::Service>& wanted,
                       const std::map<std::string, int>& replicas,
                       const engine::Observation& observed, engine::View& view,
                       const QueueProbe& queues, const Deadline& deadline,
                       const std::stop_token& stop)
{
  InstanceStatus status{.name = name};
  Inspector inspector{observed, view, queues, deadline, stop};
  std::set<std::string> known;
  for (const auto& service : wanted) {
    const auto found = replicas.find(service.name);
    const int count = found == replicas.end() ? service.replicas : found->second;
    known.insert(service.name);
    auto row = inspector.inspect(service.name, &service, static_cast<std::size_t>(count));
    if (service.role != stack::Role::holder || !is_fine(row)) {  // plumbing, while it works
      status.services.push_back(std::move(row));
    }
  }
  for (const auto& replica : observed.replicas) {
    status.revision = std::max(status.revision, replica.revision);
    if (known.insert(replica.service).second) {
      const auto count = observed.of_service(replica.service).size();
      status.services.push_back(inspector.inspect(replica.service, nullptr, count));
    }
  }
  status.problems = inspector.take_problems();
  const bool is_healthy = std::ranges::all_of(status.services, is_fine) && status.problems.empty();
  status.state = observed.replicas.empty() ? "absent" : is_healthy ? "healthy" : "degraded";
  return status;
}

}  // namespace pecanctl::inspection
