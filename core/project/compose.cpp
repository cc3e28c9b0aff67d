// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/compose.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/config/node.hpp"
#include "core/config/render.hpp"

namespace pecanctl::project {
namespace {

using config::Node;
using config::NodeKind;

constexpr std::string_view k_hidden_secret = "‹secret›";

Node scalar_node(std::string text, bool is_text = true)
{
  return {.kind = NodeKind::scalar, .scalar = std::move(text), .was_quoted = is_text};
}

Node list_node(const std::vector<std::string>& items)
{
  Node list{.kind = NodeKind::list};
  for (const auto& item : items) {
    list.children.push_back(scalar_node(item));
  }
  return list;
}

Node map_node()
{
  return {.kind = NodeKind::map};
}

void put(Node& map, std::string_view key, Node value)
{
  const bool is_empty_list = value.kind != NodeKind::scalar && value.children.empty();
  const bool is_empty_text = value.kind == NodeKind::scalar && value.scalar.empty();
  if (!is_empty_list && !is_empty_text) {
    value.key = key;
    map.children.push_back(std::move(value));
  }
}

void put(Node& map, std::string_view key, std::string text)
{
  put(map, key, scalar_node(std::move(text)));
}

Node text_map(const std::map<std::string, std::string>& texts)
{
  auto map = map_node();
  for (const auto& [key, text] : texts) {
    auto value = scalar_node(text);
    value.key = key;
    map.children.push_back(std::move(value));
  }
  return map;
}

std::string source_of(const stack::Stack& stack, const stack::Mount& mount)
{
  const auto volume = std::ranges::find(stack.volumes, mount.volume, &stack::Volume::key);
  return volume == stack.volumes.end() ? mount.path
         : volume->host_path.empty()   ? volume->key
                                       : volume->host_path;
}

Node render_volumes_of(const stack::Stack& stack, const stack::Service& service)
{
  std::vector<std::string> mounts;
  mounts.reserve(service.mounts.size());
  for (const auto& mount : service.mounts) {
    mounts.push_back(fmt::format("{}:{}{}", source_of(stack, mount), mount.target,
                                 mount.is_read_only ? ":ro" : ""));
  }
  return list_node(mounts);
}

Node render_ports_of(const stack::Service& service)
{
  std::vector<std::string> ports;
  ports.reserve(service.ports.size());
  for (const auto& port : service.ports) {
    ports.push_back(fmt::format("{}:{}:{}", port.host_ip,
                                port.host_port == 0 ? "" : std::to_string(port.host_port),
                                port.container_port));
  }
  return list_node(ports);
}

std::string seconds(std::chrono::milliseconds duration)
{
  return fmt::format("{}s", std::chrono::ceil<std::chrono::seconds>(duration).count());
}

Node render_healthcheck(const stack::HealthCheck& health)
{
  auto map = map_node();
  put(map, "test", list_node(health.test));
  put(map, "interval", seconds(health.interval));
  put(map, "timeout", seconds(health.timeout));
  put(map, "start_period", seconds(health.start_period));
  put(map, "retries", scalar_node(std::to_string(health.retries), false));
  return map;
}

Node render_dependencies(const stack::Stack& stack, const stack::Service& service)
{
  auto map = map_node();
  for (const auto& name : service.depends_on) {
    auto condition = map_node();
    const auto* other = stack.find_service(name);
    put(condition, "condition",
        other != nullptr && other->health ? "service_healthy" : "service_started");
    put(map, name, std::move(condition));
  }
  return map;
}

void put_limits(const stack::Service& service, Node& map)
{
  if (service.limits.memory > 0) {
    put(map, "mem_limit", scalar_node(std::to_string(service.limits.memory), false));
  }
  if (service.limits.cpus > 0) {
    put(map, "cpus", scalar_node(fmt::format("{}", service.limits.cpus), false));
  }
  put(map, "pids_limit", scalar_node(std::to_string(service.limits.pids), false));
  put(map, "cap_drop", list_node({"ALL"}));
  put(map, "cap_add", list_node(service.capabilities));
  put(map, "security_opt", list_node({"no-new-privileges:true"}));
  if (service.has_read_only_root) {
    put(map, "read_only", scalar_node("true", false));
  }
  put(map, "tmpfs", list_node(service.tmpfs));
}

Node render_compose_service(const stack::Stack& stack, const stack::Service& service)
{
  auto map = map_node();
  put(map, "image", service.image.reference);
  put(map, "command", list_node(service.command));
  put(map, "user", service.user);
  put(map, "hostname", service.hostname);
  auto environment = service.environment;
  for (const auto& [name, secret] : service.secret_environment) {
    environment.emplace(name, k_hidden_secret);
  }
  put(map, "environment", text_map(environment));
  put(map, "volumes", render_volumes_of(stack, service));
  std::vector<std::string> files;
  files.reserve(service.files.size());
  for (const auto& file : service.files) {
    files.push_back((file.folder.empty() ? "/run/pecanctl" : file.folder) + "/" + file.name);
  }
  put(map, "x-pecanctl-files", list_node(files));
  put(map, "ports", render_ports_of(service));
  if (!service.joins.empty()) {
    put(map, "network_mode", "service:" + service.joins);
  }
  if (service.health) {
    put(map, "healthcheck", render_healthcheck(*service.health));
  }
  put(map, "depends_on", render_dependencies(stack, service));
  put(map, "labels", text_map(service.labels));
  put_limits(service, map);
  put(map, "stop_grace_period", seconds(service.stop_grace));
  put(map, "restart", "always");
  if (service.replicas != 1) {
    put(map, "scale", scalar_node(std::to_string(service.replicas), false));
  }
  return map;
}

}  // namespace

std::string render_compose(const stack::Stack& stack)
{
  auto services = map_node();
  for (const auto& service : stack.services) {
    put(services, service.name, render_compose_service(stack, service));
  }
  auto volumes = map_node();
  for (const auto& volume : stack.volumes) {
    if (volume.host_path.empty()) {
      auto name = map_node();
      put(name, "name", fmt::format("{}-{}", stack.name, volume.key));
      put(volumes, volume.key, std::move(name));
    }
  }
  auto network = map_node();
  put(network, "name", stack.name);
  auto networks = map_node();
  put(networks, "default", std::move(network));
  auto externals = map_node();
  for (const auto& external : stack.externals) {
    put(externals, external.service, external.url());
  }
  auto root = map_node();
  put(root, "name", stack.name);
  put(root, "services", std::move(services));
  put(root, "networks", std::move(networks));
  put(root, "volumes", std::move(volumes));
  put(root, "x-pecanctl-external", std::move(externals));
  return config::render_yaml(root);
}

}  // namespace pecanctl::project
