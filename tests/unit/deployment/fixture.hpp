// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/deployment/apply.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/recorder.hpp"

namespace pecanctl::test {

/// An instance "demo" of a database, a broker and a model, and an engine without any of it.
class DemoInstance {
 public:
  DemoInstance()
  {
    stack.name = "demo";
    stack.owner = "owner";
    stack.volumes = {{.key = "data", .uid = 1000, .gid = 1000, .folders = {"workflows"}}};
    stack.services.push_back({.name = "postgres", .image = {.reference = "postgres:15"}});
    stack.services.push_back({.name = "rabbitmq",
                              .image = {.reference = "rabbitmq:3"},
                              .files = {{.name = "conf", .content = Secret{"a = 1"}}}});
    stack.services.push_back(
        {.name = "dalec",
         .role = stack::Role::worker,
         .image = {.reference = "dalec:1"},
         .depends_on = {"rabbitmq"},
         .replacement = stack::Replacement::start_first,
         .model =
             stack::Model{.name = "DALEC", .type = "DALEC", .version = "1.0", .drains = true}});
    refresh();
  }

  stack::Service& service(std::string_view name)
  {
    return *std::ranges::find(stack.services, name, &stack::Service::name);
  }

  /// The workers of dalec share the network of a holder.
  void add_holder()
  {
    service("dalec").joins = "dalec-net";
    service("dalec").depends_on.emplace_back("dalec-net");
    stack.services.push_back({.name = "dalec-net",
                              .role = stack::Role::holder,
                              .image = {.reference = "holder:1"},
                              .replacement = stack::Replacement::start_first});
    refresh();
  }

  /// To be called when an image reference was changed.
  void refresh()
  {
    desired.stack = &stack;
    desired.images.clear();
    for (const auto& one : stack.services) {
      desired.images[one.name] = {.reference = one.image.reference,
                                  .id = "sha256:" + one.image.reference};
    }
  }

  deployment::Plan plan() const { return deployment::plan_deploy(desired, backend.world); }

  /// "create demo-postgres-1 (new)", one action a line.
  std::string plan_text() const
  {
    std::vector<std::string> lines;
    for (const auto& action : plan().actions) {
      lines.push_back(
          fmt::format("{} {} ({})", to_string(action.verb), action.name, action.reason));
    }
    return fmt::format("{}", fmt::join(lines, "\n"));
  }

  int apply()
  {
    const auto planned = plan();
    const auto seen = backend.world.replicas;
    return deployment::apply_deploy({.plan = planned,
                                     .desired = desired,
                                     .tasks = tasks,
                                     .probe = probe,
                                     .options = options,
                                     .seen = seen},
                                    backend, events, Deadline::in(limit), stop.get_token());
  }

  /// Applies, and returns what failed: "<code>: <what>: <why>"; "none".
  std::string failure_of_apply()
  {
    try {
      apply();
    } catch (const Error& error) {
      return fmt::format("{}: {}", to_string(error.code()), error.what());
    }
    return "none";
  }

  /// Brings all of it up.
  void deploy()
  {
    apply();
    backend.calls.clear();
  }

  stack::Stack stack;
  deployment::Desired desired;
  FakeBackend backend;
  std::vector<deployment::Task> tasks;
  deployment::WorkerProbe probe = [](const stack::Service&, std::size_t, const Deadline&,
                                     std::stop_token) -> std::optional<std::string> {
    return std::nullopt;
  };
  deployment::ApplyOptions options{.stable_window = std::chrono::milliseconds{0},
                                   .ready_timeout = std::chrono::seconds{20}};
  Recorder events;
  std::chrono::milliseconds limit{30'000};
  std::stop_source stop;
};

}  // namespace pecanctl::test
