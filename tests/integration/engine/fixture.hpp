// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/deployment/apply.hpp"
#include "core/engine/docker_backend.hpp"
#include "tests/integration/docker/lab.hpp"
#include "tests/support/recorder.hpp"

namespace pecanctl::test {

/// An instance on the real engine: services are shells. What it made is removed at the end.
class EngineLab : public DockerLab {
 public:
  EngineLab()
  {
    stack.name = name;
    stack.owner = random_uuid();
    helper = {.reference = image,
              .id = engine.find_image(image, soon(), {}).value_or(docker::Image{}).id};
  }

  ~EngineLab()
  {
    try {
      remove_all();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "cannot remove %s: %s\n", name.c_str(), error.what());
    }
  }

  EngineLab(const EngineLab&) = delete;
  EngineLab& operator=(const EngineLab&) = delete;

  engine::Identity identity() const { return {.instance = stack.name, .owner = stack.owner}; }

  /// A service that runs `script` in a shell.
  stack::Service& add_service(const std::string& service, const std::string& script)
  {
    stack.services.push_back(
        {.name = service, .image = {.reference = image}, .command = {"/bin/sh", "-c", script}});
    return stack.services.back();
  }

  engine::Created create(const stack::Service& service, int number)
  {
    const engine::ReplicaOrder order{&service, number, helper};
    return backend->create(stack, 1, {&order, 1}, soon(), {}).front();
  }

  deployment::Desired desired() const
  {
    deployment::Desired wanted{.stack = &stack};
    for (const auto& service : stack.services) {
      wanted.images[service.name] = helper;
    }
    return wanted;
  }

  int deploy(engine::Backend& on)
  {
    const auto wanted = desired();
    const auto plan = deployment::plan_deploy(wanted, on.observe(identity(), soon(), {}));
    const deployment::ApplyOptions options{.stable_window = std::chrono::milliseconds{0},
                                           .ready_timeout = std::chrono::seconds{20}};
    return deployment::apply_deploy(
        {.plan = plan, .desired = wanted, .tasks = {}, .probe = probe, .options = options}, on,
        events, soon(), {});
  }

  int deploy() { return deploy(*backend); }

  std::vector<engine::Replica> replicas() { return backend->list_replicas(identity(), soon(), {}); }

  static ErrorCode code_of(const std::function<void()>& work)
  {
    try {
      work();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::finding;  // "nothing was thrown"
  }

  stack::Stack stack;
  engine::Image helper;
  Recorder events;
  deployment::WorkerProbe probe = [](const stack::Service&, std::size_t, const Deadline&,
                                     std::stop_token) -> std::optional<std::string> {
    return std::nullopt;
  };
  std::unique_ptr<engine::Backend> backend = engine::make_docker_backend(engine);

 private:
  void remove_all()
  {
    const auto observed = backend->observe(identity(), soon(), {});
    std::vector<std::string> ids;
    for (const auto& replica : observed.replicas) {
      ids.push_back(replica.id);
    }
    backend->remove(ids, soon(), {});
    std::vector<std::string> others;  // they may stand on our network
    for (const auto& container : engine.list_containers(filter(), soon(), {})) {
      others.push_back(container.id);
    }
    engine.remove_containers(others, true, 8, soon(), {});
    for (const auto& network : observed.networks) {
      backend->remove_network(network, soon(), {});
    }
    for (const auto& volume : observed.volumes) {
      backend->remove_volume(volume, soon(), {});
    }
  }
};

inline constexpr const char* k_idle = "trap '' TERM; exec busybox sleep 3600";

}  // namespace pecanctl::test
