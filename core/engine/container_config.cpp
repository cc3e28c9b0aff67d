// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/container_config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/engine/labels.hpp"

namespace pecanctl::engine {
namespace {

using nlohmann::json;

std::string to_string(stack::Role role)
{
  switch (role) {
    case stack::Role::worker:
      return "worker";
    case stack::Role::holder:
      return "holder";
    case stack::Role::service:
      break;
  }
  return "service";
}

std::int64_t nanoseconds(std::chrono::milliseconds duration)
{
  return std::chrono::nanoseconds{duration}.count();
}

json render_mounts(const stack::Stack& stack, const stack::Service& service)
{
  auto mounts = json::array();
  for (const auto& mount : service.mounts) {
    std::string source = mount.path;
    if (source.empty()) {
      const auto volume = std::ranges::find(stack.volumes, mount.volume, &stack::Volume::key);
      source = volume != stack.volumes.end() ? volume->host_path : std::string{};
    }
    const bool is_bind = !source.empty();
    mounts.push_back({{"Type", is_bind ? "bind" : "volume"},
                      {"Source", is_bind ? source : data_volume_name(stack.name, mount.volume)},
                      {"Target", mount.target},
                      {"ReadOnly", mount.is_read_only}});
  }
  if (has_mounted_files(service)) {
    mounts.push_back({{"Type", "volume"},
                      {"Source", files_volume_name(stack, service)},
                      {"Target", k_files_folder},
                      {"ReadOnly", true}});
  }
  for (const auto& path : service.tmpfs) {
    mounts.push_back({{"Type", "tmpfs"},
                      {"Target", path},
                      {"TmpfsOptions", {{"SizeBytes", 64 << 20U}, {"Mode", 01777}}}});
  }
  return mounts;
}

json render_host_config(const stack::Stack& stack, const ReplicaOrder& order)
{
  const auto& service = *order.service;
  json host{
      {"NetworkMode", order.joined.empty() ? stack.name : "container:" + order.joined},
      {"Mounts", render_mounts(stack, service)},
      // Not unless-stopped: a dockerd that was killed stops at its next start what still runs, and
      // takes that for somebody's wish (seen with 20.10).
      {"RestartPolicy", {{"Name", "always"}}},
      {"CapDrop", {"ALL"}},
      {"CapAdd", service.capabilities},
      {"SecurityOpt", {"no-new-privileges:true"}},
      {"PidsLimit", service.limits.pids},
      {"ReadonlyRootfs", service.has_read_only_root},
      {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "10m"}, {"max-file", "3"}}}}}};
  if (service.limits.memory > 0) {
    host["Memory"] = service.limits.memory;
    host["MemorySwap"] = service.limits.memory;  // no swap on top
  }
  if (service.limits.cpus > 0) {
    host["NanoCpus"] = static_cast<std::int64_t>(service.limits.cpus * 1e9);
  }
  for (const auto& port : service.ports) {
    host["PortBindings"][fmt::format("{}/tcp", port.container_port)] = json::array(
        {{{"HostIp", port.host_ip},
          {"HostPort", port.host_port == 0 ? std::string{} : std::to_string(port.host_port)}}});
  }
  return host;
}

json render_health(const stack::HealthCheck& health, docker::ApiVersion api)
{
  constexpr docker::ApiVersion k_two_intervals{1, 44};
  return {
      {"Test", health.test},
      {"Interval", nanoseconds(api < k_two_intervals ? health.start_interval : health.interval)},
      {"Timeout", nanoseconds(health.timeout)},
      {"StartPeriod", nanoseconds(health.start_period)},
      {"StartInterval", nanoseconds(health.start_interval)},
      {"Retries", health.retries}};
}

docker::Labels container_labels(const stack::Stack& stack, int revision, const ReplicaOrder& order)
{
  auto labels = base_labels(stack);
  const auto number = std::to_string(order.number);
  labels.emplace(label::k_service, order.service->name);
  labels.emplace(label::k_number, number);
  labels.emplace(label::k_revision, std::to_string(revision));
  labels.emplace(label::k_spec, spec_of(stack, order));
  labels.emplace(label::k_file, stack.file);
  labels.emplace(label::k_role, to_string(order.service->role));
  if (order.service->model && order.service->model->drains) {
    labels.emplace(label::k_drain, "signal");
  }
  labels.insert(order.service->labels.begin(), order.service->labels.end());
  labels.emplace(label::k_compose_service, order.service->name);
  labels.emplace(label::k_compose_number, number);
  return labels;
}

json make_config(const stack::Stack& stack, int revision, const ReplicaOrder& order)
{
  const auto& service = *order.service;
  auto environment = json::array();
  for (const auto& [name, value] : service.environment) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  for (const auto& [name, value] : service.secret_environment) {
    environment.push_back(fmt::format("{}={}", name, value.reveal()));
  }
  json config{
      {"Image", order.image.reference},
      {"Labels", container_labels(stack, revision, order)},
      {"Env", environment},
      {"StopTimeout", service.stop_grace.count()},  // for whoever else stops it, the engine too
      {"HostConfig", render_host_config(stack, order)}};
  if (order.joined.empty()) {
    config["NetworkingConfig"]["EndpointsConfig"][stack.name] = {{"Aliases", {service.name}}};
  }
  if (!service.command.empty()) {
    config["Cmd"] = service.command;
  }
  if (!service.user.empty()) {
    config["User"] = service.user;
  }
  if (!service.hostname.empty()) {
    config["Hostname"] = service.hostname;
  }
  for (const auto& port : service.ports) {
    config["ExposedPorts"][fmt::format("{}/tcp", port.container_port)] = json::object();
  }
  return config;
}

}  // namespace

bool has_mounted_files(const stack::Service& service)
{
  return std::ranges::any_of(service.files,
                             [](const stack::ConfigFile& file) { return file.folder.empty(); });
}

std::string files_volume_name(const stack::Stack& stack, const stack::Service& service)
{
  std::string text;
  for (const auto& file : service.files) {
    if (!file.folder.empty()) {
      continue;
    }
    text += fmt::format("{}\n{:o} {}:{} {}\n", file.name, file.mode, file.uid, file.gid,
                        file.content.reveal().size());
    text += file.content.reveal();
  }
  const auto digest = salted_digest(Secret{std::move(text)}, stack.owner).substr(0, 8);
  return fmt::format("{}-{}-files-{}", stack.name, service.name, digest);
}

std::string data_volume_name(std::string_view instance, std::string_view key)
{
  return fmt::format("{}-{}", instance, key);
}

docker::Labels base_labels(const stack::Stack& stack)
{
  return {{std::string{label::k_instance}, stack.name},
          {std::string{label::k_owner}, stack.owner},
          {std::string{label::k_compose_project}, stack.name}};
}

std::string spec_of(const stack::Stack& stack, const ReplicaOrder& order)
{
  auto service = *order.service;
  service.image.reference = order.image.reference;
  return stack::render_spec(service, stack.owner);
}

std::string render_container_config(const stack::Stack& stack, int revision,
                                    const ReplicaOrder& order, docker::ApiVersion api)
{
  auto config = make_config(stack, revision, order);
  if (const auto& health = order.service->health) {
    config["Healthcheck"] = render_health(*health, api);
  }
  return config.dump();
}

std::string render_job_config(const stack::Stack& stack, const stack::Service& job,
                              const Image& image)
{
  auto config = make_config(stack, 0, {.service = &job, .number = 1, .image = image});
  auto labels = base_labels(stack);
  labels.emplace(label::k_role, "helper");
  config["Labels"] = labels;
  config["HostConfig"]["RestartPolicy"]["Name"] = "no";
  return config.dump();
}

std::string render_helper_config(const stack::Stack& stack, const std::string& volume,
                                 const docker::Labels& volume_labels, const Image& image)
{
  auto labels = base_labels(stack);
  labels.emplace(label::k_role, "helper");
  const json mount{{"Type", "volume"},
                   {"Source", volume},
                   {"Target", k_helper_folder},
                   {"VolumeOptions", {{"Labels", volume_labels}}}};
  return json{{"Image", image.reference},
              {"Cmd", {"never-started"}},
              {"Labels", labels},
              {"NetworkDisabled", true},
              {"HostConfig", {{"NetworkMode", "none"}, {"Mounts", {mount}}}}}
      .dump();
}

}  // namespace pecanctl::engine
