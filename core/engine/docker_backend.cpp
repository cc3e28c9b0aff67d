// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/docker_backend.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/docker/engine.hpp"
#include "core/engine/container_config.hpp"
#include "core/engine/docker_files.hpp"
#include "core/engine/docker_job.hpp"
#include "core/engine/docker_objects.hpp"
#include "core/engine/docker_volumes.hpp"
#include "core/engine/labels.hpp"

namespace pecanctl::engine {
namespace {

constexpr std::size_t k_width =
    8;  // requests in flight; more gains nothing (measured: tests/bench/lifecycle)

std::string describe_owner(const docker::Labels& labels)
{
  const auto instance = label_of(labels, label::k_instance);
  return instance.empty() ? "not made by pecanctl"
                          : fmt::format("of instance {} with another identity", instance);
}

// By service, then number.
std::vector<Replica> to_replicas(std::span<const docker::ContainerSummary> containers)
{
  std::vector<Replica> replicas;
  replicas.reserve(containers.size());
  std::ranges::transform(containers, std::back_inserter(replicas), to_replica);
  std::ranges::sort(replicas, [](const Replica& a, const Replica& b) {
    return std::tie(a.service, a.number) < std::tie(b.service, b.number);
  });
  return replicas;
}

class DockerBackend : public Backend {
 public:
  explicit DockerBackend(docker::Engine& engine) : engine_{engine} {}

  Observation observe(const Identity& identity, const Deadline& deadline,
                      std::stop_token stop) override
  {
    const auto found = engine_.list_labelled(filters(identity), deadline, std::move(stop));
    Observation observation{.replicas = to_replicas(found.containers)};
    for (const auto& network : found.networks) {
      observation.networks.push_back({.id = network.id, .name = network.name});
    }
    for (const auto& volume : found.volumes) {
      observation.volumes.push_back({.name = volume.name,
                                     .key = label_of(volume.labels, label::k_volume),
                                     .is_data = label_of(volume.labels, label::k_kind) == "data"});
    }
    return observation;
  }

  std::vector<Replica> list_replicas(const Identity& identity, const Deadline& deadline,
                                     std::stop_token stop) override
  {
    return to_replicas(engine_.list_containers(filters(identity), deadline, std::move(stop)));
  }

  std::vector<Identity> list_instances(const Deadline& deadline, std::stop_token stop) override
  {
    const std::vector<std::string> labels{std::string{label::k_instance}};
    const auto labelled = engine_.list_labelled(labels, deadline, std::move(stop));
    std::set<std::pair<std::string, std::string>> found;
    const auto collect = [&](const auto& objects) {
      for (const auto& object : objects) {
        found.emplace(label_of(object.labels, label::k_instance),
                      label_of(object.labels, label::k_owner));
      }
    };
    collect(labelled.containers);
    collect(labelled.networks);
    collect(labelled.volumes);
    std::vector<Identity> identities;
    identities.reserve(found.size());
    for (const auto& [instance, owner] : found) {
      identities.push_back({.instance = instance, .owner = owner});
    }
    return identities;
  }

  std::optional<Image> find_image(std::string_view reference, const Deadline& deadline,
                                  std::stop_token stop) override
  {
    const auto image = engine_.find_image(reference, deadline, std::move(stop));
    return image ? std::optional{to_image(reference, *image)} : std::nullopt;
  }

  std::vector<std::string> find_foreign(const Names& names, const Identity& identity,
                                        const Deadline& deadline, std::stop_token stop) override
  {
    std::vector<std::string> foreign;
    const auto look = [&](const std::string& what, const docker::Labels& labels) {
      if (!is_ours(labels, identity)) {
        foreign.push_back(fmt::format("{}, {}", what, describe_owner(labels)));
      }
    };
    if (!names.containers.empty()) {
      for (const auto& container : engine_.list_containers({}, deadline, stop)) {
        if (std::ranges::count(names.containers, container.name) > 0) {
          look(fmt::format("container {} of image {}", container.name, container.image),
               container.labels);
        }
      }
    }
    for (const auto& name : names.networks) {
      const auto network = engine_.find_network(name, deadline, stop);
      if (network && network->name == name) {
        look("network " + name, network->labels);
      }
    }
    for (const auto& name : names.volumes) {
      if (const auto volume = engine_.find_volume(name, deadline, stop)) {
        look("volume " + name, volume->labels);
      }
    }
    return foreign;
  }

  Postmortem examine(std::string_view id, int log_lines, const Deadline& deadline,
                     std::stop_token stop) override
  {
    Postmortem result;
    const auto details = engine_.find_container(id, deadline, stop);
    if (!details) {
      return result;
    }
    result.state = parse_state(details->summary.state);
    result.exit_code = details->exit_code;
    result.is_out_of_memory = details->is_oom_killed;
    result.error = details->error;
    if (!details->health_log.empty()) {
      result.health_output = details->health_log.back().output;
    }
    for (const auto& line : engine_.list_logs(id, log_lines, deadline, stop)) {
      result.log.push_back(line.text);
    }
    return result;
  }

  std::vector<bool> are_busy(std::span<const std::string> ids, const Deadline& deadline,
                             std::stop_token stop) override
  {
    // An idle worker is one process; a job adds its own. One that ended meanwhile runs none.
    const auto processes = engine_.list_processes(ids, k_width, deadline, stop);
    std::vector<bool> busy;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      busy.push_back(processes[i] ? processes[i]->size() > 1 : runs_again(ids[i], deadline, stop));
    }
    return busy;
  }

  void ensure_network(const stack::Stack& stack, const Deadline& deadline,
                      std::stop_token stop) override
  {
    const Identity identity{.instance = stack.name, .owner = stack.owner};
    const auto labels = filters(identity);
    if (!engine_.list_networks(labels, deadline, stop).empty()) {
      return;
    }
    engine_.create_network(stack.name, base_labels(stack), deadline, stop);
  }

  void ensure_volume(const stack::Stack& stack, const stack::Volume& volume, const Image& helper,
                     const Deadline& deadline, std::stop_token stop) override
  {
    if (!volume.host_path.empty()) {
      make_host_folders(volume);
      return;
    }
    auto labels = base_labels(stack);
    labels.emplace(label::k_volume, volume.key);
    labels.emplace(label::k_kind, "data");
    const auto name = data_volume_name(stack.name, volume.key);
    make_volume(engine_, stack, name, labels, deadline, stop);
    if (volume.folders.empty() && volume.uid == 0 && volume.gid == 0) {
      return;
    }
    std::vector<docker::ArchiveFile> entries{
        {.path = "./", .mode = 0775, .uid = volume.uid, .gid = volume.gid}};
    for (const auto& folder : volume.folders) {
      entries.push_back({.path = folder + "/", .mode = 0775, .uid = volume.uid, .gid = volume.gid});
    }
    fill_volume(engine_, stack, name, labels, entries, helper, deadline, stop);
  }

  void write_files(const stack::Stack& stack, const stack::Service& service, const Image& helper,
                   const Deadline& deadline, std::stop_token stop) override
  {
    if (!has_mounted_files(service)) {
      return;
    }
    auto labels = base_labels(stack);
    labels.emplace(label::k_volume, service.name);
    labels.emplace(label::k_kind, "files");
    const auto name = files_volume_name(stack, service);
    if (is_filled(engine_, stack, name, deadline, stop)) {
      return;
    }
    fill_volume(engine_, stack, name, labels, files_in(service), helper, deadline, stop);
  }

  std::vector<Created> create(const stack::Stack& stack, int revision,
                              std::span<const ReplicaOrder> orders, const Deadline& deadline,
                              std::stop_token stop) override
  {
    const auto holders = find_holders(stack, orders, deadline, stop);
    const auto api = engine_.api(deadline, stop);
    std::vector<docker::Engine::CreateRequest> requests;
    for (auto order : orders) {
      if (!order.service->joins.empty()) {
        order.joined = holders.at(order.service->joins);
      }
      requests.push_back(
          {.name = fmt::format("{}-{}-{}", stack.name, order.service->name, order.number),
           .config = render_container_config(stack, revision, order, api)});
    }
    const auto outcomes = engine_.create_containers(requests, k_width, deadline, stop);
    std::vector<Created> created;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto& error = outcomes[i].error;
      created.push_back({.id = outcomes[i].id, .error = error});
      if (error && error->code() == ErrorCode::conflict) {
        created.back() = adopt(stack, orders[i], requests[i].name, *error, deadline, stop);
      }
      if (created.back().error == std::nullopt) {
        created.back() =
            place_files(engine_, *orders[i].service, created.back().id, deadline, stop);
      }
    }
    return created;
  }

  JobResult run_job(const stack::Stack& stack, const stack::Service& job, const Image& image,
                    const Deadline& deadline, std::stop_token stop) override
  {
    return engine::run_job(engine_, stack, job, image, deadline, stop);
  }

  Failures start(std::span<const std::string> ids, const std::function<void(std::size_t)>& on_done,
                 const Deadline& deadline, std::stop_token stop) override
  {
    return engine_.start_containers(ids, k_width, on_done, deadline, std::move(stop));
  }

  Failures halt(std::span<const std::string> ids, std::chrono::seconds grace,
                const Deadline& deadline, std::stop_token stop) override
  {
    return engine_.stop_containers(ids, grace, k_width, deadline, std::move(stop));
  }

  Failures remove(std::span<const std::string> ids, const Deadline& deadline,
                  std::stop_token stop) override
  {
    return engine_.remove_containers(ids, true, k_width, deadline, std::move(stop));
  }

  Failures freeze(std::span<const std::string> ids, const Deadline& deadline,
                  std::stop_token stop) override
  {
    return engine_.pause_containers(ids, deadline, std::move(stop));
  }

  Failures thaw(std::span<const std::string> ids, const Deadline& deadline,
                std::stop_token stop) override
  {
    return engine_.unpause_containers(ids, deadline, std::move(stop));
  }

  Failures signal(std::span<const std::string> ids, std::string_view signal,
                  const Deadline& deadline, std::stop_token stop) override
  {
    return engine_.kill_containers(ids, signal, deadline, std::move(stop));
  }

  void remove_network(const NetworkState& network, const Deadline& deadline,
                      std::stop_token stop) override
  {
    try {
      engine_.remove_network(network.id, deadline, stop);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::unreachable) {
        throw;
      }
      throw name_members(network, error, deadline, stop);
    }
  }

  void remove_volume(const VolumeState& volume, const Deadline& deadline,
                     std::stop_token stop) override
  {
    engine_.remove_volume(volume.name, deadline, std::move(stop));
  }

 private:
  // Whether a container without processes has some now: whoever restarts may take a job.
  bool runs_again(const std::string& id, const Deadline& deadline, const std::stop_token& stop)
  {
    const auto details = engine_.find_container(id, deadline, stop);
    return details && (details->summary.state == "running" || details->summary.state == "paused");
  }

  // The running holders that `orders` join: service → container.
  std::map<std::string, std::string> find_holders(const stack::Stack& stack,
                                                  std::span<const ReplicaOrder> orders,
                                                  const Deadline& deadline,
                                                  const std::stop_token& stop)
  {
    std::map<std::string, std::string> holders;
    std::vector<Replica> replicas;
    for (const auto& order : orders) {
      const auto& joins = order.service->joins;
      if (joins.empty() || holders.contains(joins)) {
        continue;
      }
      if (replicas.empty()) {
        replicas = list_replicas({.instance = stack.name, .owner = stack.owner}, deadline, stop);
      }
      const auto found = std::ranges::find_if(replicas, [&](const Replica& replica) {
        return replica.service == joins && replica.state == State::running;
      });
      if (found == replicas.end()) {
        throw Error{{.code = ErrorCode::failed,
                     .what = fmt::format("cannot start {}", order.service->name),
                     .why = fmt::format("{}, whose network it shares, does not run", joins),
                     .hint = "pecanctl deploy"}};
      }
      holders.emplace(joins, found->id);
    }
    return holders;
  }

  // The name is taken. Ours with the same spec: an interrupted run made it, so it is what we want.
  Created adopt(const stack::Stack& stack, const ReplicaOrder& order, const std::string& name,
                const Error& refusal, const Deadline& deadline, const std::stop_token& stop)
  {
    const Identity identity{.instance = stack.name, .owner = stack.owner};
    const auto existing = engine_.find_container(name, deadline, stop);
    if (existing && is_ours(existing->summary.labels, identity) &&
        label_of(existing->summary.labels, label::k_spec) == spec_of(stack, order)) {
      return {.id = existing->summary.id};
    }
    auto info = refusal.info();
    info.hint = fmt::format(
        "look at it with `docker inspect {}`; rename or remove it, or choose another "
        "`name:` in pecan.yml",
        name);
    return {.error = Error{std::move(info)}};
  }

  // The engine says that a network is in use, but not by whom.
  Error name_members(const NetworkState& network, const Error& refusal, const Deadline& deadline,
                     const std::stop_token& stop)
  {
    auto info = refusal.info();
    const auto details = engine_.find_network(network.id, deadline, stop);
    if (!details || details->container_ids.empty()) {
      return refusal;
    }
    std::vector<std::string> members;
    for (const auto& id : details->container_ids) {
      const auto member = engine_.find_container(id, deadline, stop);
      members.push_back(member ? member->summary.name : id);
    }
    info.code = ErrorCode::conflict;
    info.why += fmt::format("; attached to it: {}", fmt::join(members, ", "));
    info.hint = fmt::format("docker network disconnect {} {}", network.name, members.front());
    return Error{std::move(info)};
  }

  docker::Engine& engine_;
};

}  // namespace

std::unique_ptr<Backend> make_docker_backend(docker::Engine& engine)
{
  return std::make_unique<DockerBackend>(engine);
}

}  // namespace pecanctl::engine
