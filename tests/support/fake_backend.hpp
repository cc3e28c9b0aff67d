// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/engine/backend.hpp"

namespace pecanctl::test {

/// An engine in memory. Containers follow a script, every writing call is kept in `calls` as
/// "<verb> <name>", and each may be made to fail.
class FakeBackend : public engine::Backend {
 public:
  using Phase = std::pair<engine::State, engine::Health>;

  /// What a container, or those of a service, do once started: one phase a look, the last stays.
  std::map<std::string, std::vector<Phase>> scripts = {};
  /// Calls that fail, as they stand in `calls`.
  std::map<std::string, Error> failing = {};
  /// For how many looks a worker (by name) works on its job; absent: idle.
  std::map<std::string, int> busy = {};
  std::vector<std::string> foreign = {};
  std::vector<std::string> log = {};

  std::vector<std::string> calls = {};
  std::chrono::milliseconds time_to_signal{};  ///< of all containers, in the last call for that
  /// Called before each writing call, with its text.
  std::function<void(const std::string&)> on_call = {};
  /// Called before each look.
  std::function<void()> on_look = {};
  engine::Observation world = {};
  int looks = 0;

  engine::Replica& add(const std::string& instance, const std::string& service, int number,
                       engine::State state = engine::State::running)
  {
    const auto name = fmt::format("{}-{}-{}", instance, service, number);
    world.replicas.push_back({.id = "id-" + name,
                              .name = name,
                              .instance = instance,
                              .service = service,
                              .number = number,
                              .revision = 1,
                              .state = state});
    return world.replicas.back();
  }

  engine::Replica* find(const std::string& name)
  {
    const auto found = std::ranges::find(world.replicas, name, &engine::Replica::name);
    return found == world.replicas.end() ? nullptr : &*found;
  }

  /// How often a call that starts with `text` was made.
  std::ptrdiff_t count(std::string_view text) const
  {
    return std::ranges::count_if(calls, [&](const auto& call) { return call.starts_with(text); });
  }

  /// Where `call` stands in `calls`; behind the end when it was not made.
  std::ptrdiff_t position(const std::string& call) const
  {
    return std::ranges::find(calls, call) - calls.begin();
  }

  bool has(const std::string& call) const { return std::ranges::find(calls, call) != calls.end(); }

  /// What jobs end with.
  engine::JobResult job_result = {};

  engine::JobResult run_job(const stack::Stack& /*stack*/, const stack::Service& service,
                            const engine::Image& /*image*/, const Deadline& /*deadline*/,
                            std::stop_token /*stop*/) override
  {
    calls.push_back("job " + service.name);
    return job_result;
  }

  // View

  engine::Observation observe(const engine::Identity& /*identity*/, const Deadline& /*deadline*/,
                              std::stop_token stop) override
  {
    check_stop(stop);
    ++looks;
    if (on_look) {
      on_look();
    }
    check_stop(stop);
    for (auto& replica : world.replicas) {
      advance(replica);
    }
    return world;
  }

  std::vector<engine::Identity> list_instances(const Deadline& /*deadline*/,
                                               std::stop_token /*stop*/) override
  {
    return {};
  }

  std::optional<engine::Image> find_image(std::string_view /*reference*/,
                                          const Deadline& /*deadline*/,
                                          std::stop_token /*stop*/) override
  {
    return std::nullopt;
  }

  std::vector<std::string> find_foreign(const engine::Names& /*names*/,
                                        const engine::Identity& /*identity*/,
                                        const Deadline& /*deadline*/,
                                        std::stop_token /*stop*/) override
  {
    return foreign;
  }

  engine::Postmortem examine(std::string_view id, int /*log_lines*/, const Deadline& /*deadline*/,
                             std::stop_token /*stop*/) override
  {
    const auto* replica = by_id(id);
    return {.state = replica == nullptr ? engine::State::exited : replica->state,
            .exit_code = 3,
            .log = log,
            .health_output = "connection refused"};
  }

  std::vector<bool> are_busy(std::span<const std::string> ids, const Deadline& /*deadline*/,
                             std::stop_token stop) override
  {
    check_stop(stop);
    std::vector<bool> result;
    for (const auto& id : ids) {
      record("look", id);
      result.push_back(work_on(by_id(id)->name));
    }
    return result;
  }

  // Backend

  void ensure_network(const stack::Stack& stack, const Deadline& /*deadline*/,
                      std::stop_token stop) override
  {
    check_stop(stop);
    act("network " + stack.name);
    world.networks = {{.id = "net", .name = stack.name}};
  }

  void ensure_volume(const stack::Stack& stack, const stack::Volume& volume,
                     const engine::Image& /*helper*/, const Deadline& /*deadline*/,
                     std::stop_token stop) override
  {
    check_stop(stop);
    act("volume " + volume.key);
    world.volumes.push_back(
        {.name = stack.name + "-" + volume.key, .key = volume.key, .is_data = true});
  }

  void write_files(const stack::Stack& /*stack*/, const stack::Service& service,
                   const engine::Image& /*helper*/, const Deadline& /*deadline*/,
                   std::stop_token stop) override
  {
    check_stop(stop);
    act("files " + service.name);
  }

  std::vector<engine::Created> create(const stack::Stack& stack, int revision,
                                      std::span<const engine::ReplicaOrder> orders,
                                      const Deadline& /*deadline*/, std::stop_token stop) override
  {
    check_stop(stop);
    std::vector<engine::Created> created;
    for (const auto& order : orders) {
      created.push_back(create_one(stack, revision, order));
    }
    return created;
  }

  engine::Failures start(std::span<const std::string> ids,
                         const std::function<void(std::size_t)>& /*on_done*/,
                         const Deadline& /*deadline*/, std::stop_token stop) override
  {
    return each("start", ids, stop, [&](engine::Replica& replica) {
      phase_of_[replica.name] = 0;
      replica.state = engine::State::running;
      replica.health = engine::Health::none;
    });
  }

  engine::Failures halt(std::span<const std::string> ids, std::chrono::seconds /*grace*/,
                        const Deadline& /*deadline*/, std::stop_token stop) override
  {
    return each("halt", ids, stop,
                [](engine::Replica& replica) { replica.state = engine::State::exited; });
  }

  engine::Failures remove(std::span<const std::string> ids, const Deadline& /*deadline*/,
                          std::stop_token stop) override
  {
    std::set<std::string> gone;
    auto failures =
        each("remove", ids, stop, [&](const engine::Replica& replica) { gone.insert(replica.id); });
    std::erase_if(world.replicas, [&](const auto& replica) { return gone.contains(replica.id); });
    return failures;
  }

  engine::Failures freeze(std::span<const std::string> ids, const Deadline& /*deadline*/,
                          std::stop_token stop) override
  {
    return each("freeze", ids, stop,
                [](engine::Replica& replica) { replica.state = engine::State::paused; });
  }

  engine::Failures thaw(std::span<const std::string> ids, const Deadline& /*deadline*/,
                        std::stop_token stop) override
  {
    return each("thaw", ids, stop, [](engine::Replica& replica) {
      if (replica.state == engine::State::paused) {
        replica.state = engine::State::running;
      }
    });
  }

  engine::Failures signal(std::span<const std::string> ids, std::string_view signal,
                          const Deadline& deadline, std::stop_token stop) override
  {
    time_to_signal = deadline.left();
    const bool kills = signal == "SIGKILL";
    return each(kills ? "kill" : "term", ids, stop, [&](engine::Replica& replica) {
      if (kills) {
        replica.state = engine::State::exited;
      } else {
        draining_.insert(replica.name);
      }
    });
  }

  void remove_network(const engine::NetworkState& network, const Deadline& /*deadline*/,
                      std::stop_token stop) override
  {
    check_stop(stop);
    act("remove network " + network.name);
  }

  void remove_volume(const engine::VolumeState& volume, const Deadline& /*deadline*/,
                     std::stop_token stop) override
  {
    check_stop(stop);
    act("remove volume " + volume.name);
  }

 private:
  engine::Replica* by_id(std::string_view id)
  {
    const auto found = std::ranges::find(world.replicas, id, &engine::Replica::id);
    return found == world.replicas.end() ? nullptr : &*found;
  }

  void record(std::string_view verb, const std::string& id)
  {
    const auto* replica = by_id(id);
    calls.push_back(fmt::format("{} {}", verb, replica == nullptr ? id : replica->name));
    if (on_call) {
      on_call(calls.back());
    }
  }

  void act(const std::string& call)
  {
    calls.push_back(call);
    if (on_call) {
      on_call(call);
    }
    if (const auto failure = failing.find(call); failure != failing.end()) {
      throw Error{failure->second.info()};
    }
  }

  template <typename Change>
  engine::Failures each(std::string_view verb, std::span<const std::string> ids,
                        const std::stop_token& stop, Change change)
  {
    check_stop(stop);
    engine::Failures failures(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      record(verb, ids[i]);
      const auto failure = failing.find(calls.back());
      if (failure != failing.end()) {
        failures[i] = failure->second;
      } else if (auto* replica = by_id(ids[i])) {
        change(*replica);
      }
    }
    check_stop(stop);
    return failures;
  }

  engine::Created create_one(const stack::Stack& stack, int revision,
                             const engine::ReplicaOrder& order)
  {
    const auto name = fmt::format("{}-{}-{}", stack.name, order.service->name, order.number);
    calls.push_back("create " + name);
    if (on_call) {
      on_call(calls.back());
    }
    if (const auto failure = failing.find(calls.back()); failure != failing.end()) {
      return {.error = failure->second};
    }
    auto wanted = *order.service;
    wanted.image.reference = order.image.reference;
    auto& replica = add(stack.name, order.service->name, order.number, engine::State::created);
    replica.revision = revision;
    replica.owner = stack.owner;
    replica.spec = stack::render_spec(wanted, stack.owner);
    replica.image_id = order.image.id;
    replica.is_worker = order.service->role == stack::Role::worker;
    replica.is_holder = order.service->role == stack::Role::holder;
    if (const auto holders = world.of_service(order.service->joins); !holders.empty()) {
      replica.joined = holders.back()->id;
    }
    return {.id = replica.id};
  }

  void advance(engine::Replica& replica)
  {
    if (draining_.contains(replica.name) && !work_on(replica.name)) {
      replica.state = engine::State::exited;
    }
    const auto phase = phase_of_.find(replica.name);
    const auto script =
        scripts.find(scripts.contains(replica.name) ? replica.name : replica.service);
    if (phase == phase_of_.end() || script == scripts.end() ||
        replica.state == engine::State::paused || replica.state == engine::State::exited) {
      return;
    }
    const auto last = script->second.size() - 1;
    std::tie(replica.state, replica.health) = script->second[std::min(phase->second, last)];
    ++phase->second;
  }

  // One look at a worker's job; tells whether it still runs.
  bool work_on(const std::string& name)
  {
    const auto job = busy.find(name);
    return job != busy.end() && job->second-- > 0;
  }

  std::map<std::string, std::size_t> phase_of_;
  std::set<std::string> draining_;
};

}  // namespace pecanctl::test
