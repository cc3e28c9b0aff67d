// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/removal.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace pecanctl::deployment {
namespace {

using engine::Replica;

// What a plan removes of a service: exactly these, and as many as those.
struct Wanted {
  std::set<std::string> exactly = {};
  std::set<std::string> by_count = {};
};

void choose_of_service(const std::string& service, const Wanted& wanted,
                       std::span<const Replica> replicas, std::vector<Removal>& removals)
{
  Removal exactly;
  Removal by_count;
  std::vector<Replica> others;
  for (const auto& replica : replicas) {
    if (wanted.exactly.contains(replica.id)) {
      exactly.candidates.push_back(replica);
    } else if (wanted.by_count.contains(replica.id)) {
      by_count.candidates.push_back(replica);
    } else if (replica.service == service && replica.is_worker) {
      others.push_back(replica);
    }
  }
  exactly.count = exactly.candidates.size();
  by_count.count = by_count.candidates.size();
  by_count.candidates.insert(by_count.candidates.end(), others.begin(), others.end());
  for (auto* removal : {&exactly, &by_count}) {
    if (removal->count > 0) {
      removals.push_back(std::move(*removal));
    }
  }
}

Removed stop_services(std::span<const Replica> replicas, engine::Backend& backend,
                      const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::string> ids(replicas.size());
  std::ranges::transform(replicas, ids.begin(), &Replica::id);
  backend.halt(ids, std::chrono::seconds{10}, deadline, stop);  // what stays is killed next
  const auto results = backend.remove(ids, deadline, stop);
  Removed removed;
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    if (results[i]) {
      removed.failures.emplace_back(replicas[i], *results[i]);
    } else {
      ++removed.count;
    }
  }
  return removed;
}

}  // namespace

std::vector<Removal> choose_removals(std::span<const Action> actions,
                                     std::span<const Replica> replicas)
{
  std::map<std::string, Wanted> services;
  for (const auto& action : actions) {
    auto& wanted = services[action.service];
    (action.is_by_count ? wanted.by_count : wanted.exactly).insert(action.id);
  }
  std::vector<Removal> removals;
  for (const auto& [service, wanted] : services) {
    choose_of_service(service, wanted, replicas, removals);
  }
  // A model's workers before the holder of their network.
  std::stable_partition(removals.begin(), removals.end(), [](const Removal& removal) {
    return removal.candidates.front().is_worker;
  });
  return removals;
}

Removed carry_out(const Removal& removal, const engine::RetirePolicy& policy,
                  engine::Backend& backend, Reporter& reporter, const Deadline& deadline,
                  const std::stop_token& stop)
{
  const auto& candidates = removal.candidates;
  if (candidates.empty() || !candidates.front().is_worker) {
    return stop_services(std::span{candidates}.first(removal.count), backend, deadline, stop);
  }
  const auto result = engine::retire(candidates, removal.count, policy, backend, reporter, stop);
  Removed removed{.count = static_cast<int>(result.removed.size())};
  for (const auto& id : result.busy) {
    const auto& worker = *std::ranges::find(candidates, id, &Replica::id);
    removed.failures.emplace_back(
        worker, Error{{.code = ErrorCode::timeout,
                       .what = fmt::format("{} still runs a job", worker.name),
                       .hint = "repeat the command later, or add --now to cut the job off"}});
  }
  return removed;
}

}  // namespace pecanctl::deployment
