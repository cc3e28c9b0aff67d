// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/read.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/docker/json.hpp"

namespace pecanctl::docker {
namespace {

int parse_int(std::string_view text)
{
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string without_slash(std::string name)
{
  return name.starts_with('/') ? name.substr(1) : name;
}

Mount read_mount(const Json& json)
{
  const auto* const writable = find_member(json, "RW");
  return {.type = text_of(json, "Type"),
          .name = text_of(json, "Name"),
          .source = text_of(json, "Source"),
          .destination = text_of(json, "Destination"),
          .is_read_only = writable != nullptr && writable->is_boolean() && !writable->get<bool>()};
}

// What the list and inspect have in common.
void read_shared(const Json& json, ContainerSummary& summary)
{
  summary.id = text_of(json, "Id");
  for_each_of(json, "Mounts",
              [&](const Json& mount) { summary.mounts.push_back(read_mount(mount)); });
  if (const auto* const host = find_member(json, "HostConfig")) {
    summary.network_mode = text_of(*host, "NetworkMode");
  }
  if (const auto* const settings = find_member(json, "NetworkSettings")) {
    for_each_member_of(*settings, "Networks", [&](const std::string& name, const Json& network) {
      summary.networks[name] = text_of(network, "IPAddress");
    });
  }
}

// Inspect: {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "443/tcp": null}.
void read_port_map(const Json& settings, std::vector<PublishedPort>& ports)
{
  for_each_member_of(settings, "Ports", [&](const std::string& name, const Json& bindings) {
    const auto slash = name.find('/');
    PublishedPort port{.container_port = parse_int(name),
                       .protocol = slash == std::string::npos ? "tcp" : name.substr(slash + 1),
                       .host_ip = {},
                       .host_port = 0};
    if (!bindings.is_array() || bindings.empty()) {
      ports.push_back(port);
      return;
    }
    for (const auto& binding : bindings) {
      port.host_ip = text_of(binding, "HostIp");
      port.host_port = parse_int(text_of(binding, "HostPort"));
      ports.push_back(port);
    }
  });
}

void read_state(const Json& state, ContainerDetails& details)
{
  details.summary.state = text_of(state, "Status");
  details.exit_code = number_of(state, "ExitCode");
  details.is_oom_killed = flag_of(state, "OOMKilled");
  details.error = text_of(state, "Error");
  details.started_at = text_of(state, "StartedAt");
  details.finished_at = text_of(state, "FinishedAt");
  details.health = "none";
  if (const auto* const health = find_member(state, "Health")) {
    details.health = text_of(*health, "Status");
    for_each_of(*health, "Log", [&](const Json& entry) {
      details.health_log.push_back(
          {.exit_code = number_of(entry, "ExitCode"), .output = text_of(entry, "Output")});
    });
  }
}

}  // namespace

EngineInfo read_info(const Json& json)
{
  const auto* const swarm = find_member(json, "Swarm");
  std::vector<AddressPool> pools;
  for_each_of(json, "DefaultAddressPools", [&](const Json& pool) {
    pools.push_back({.base = text_of(pool, "Base"), .size = number_of(pool, "Size")});
  });
  return {.api = {},
          .engine_version = text_of(json, "ServerVersion"),
          .architecture = text_of(json, "Architecture"),
          .kernel = text_of(json, "KernelVersion"),
          .storage_driver = text_of(json, "Driver"),
          .logging_driver = text_of(json, "LoggingDriver"),
          .cgroup_version = text_of(json, "CgroupVersion"),
          .system_time = text_of(json, "SystemTime"),
          .address_pools = std::move(pools),
          .containers = number_of(json, "Containers"),
          .running = number_of(json, "ContainersRunning"),
          .warnings = texts_of(json, "Warnings"),
          .root_dir = text_of(json, "DockerRootDir"),
          .operating_system = text_of(json, "OperatingSystem"),
          .memory_total = count_of(json, "MemTotal"),
          .cpus = number_of(json, "NCPU"),
          .is_swarm_manager = swarm != nullptr && flag_of(*swarm, "ControlAvailable")};
}

Image read_image(const Json& json)
{
  Image image{.id = text_of(json, "Id"),
              .architecture = text_of(json, "Architecture"),
              .tags = texts_of(json, "RepoTags"),
              .digests = texts_of(json, "RepoDigests"),
              .labels = {},
              .user = {},
              .size = count_of(json, "Size")};
  if (const auto* const config = find_member(json, "Config")) {
    image.labels = labels_of(*config, "Labels");
    image.user = text_of(*config, "User");
  }
  return image;
}

ContainerSummary read_summary(const Json& json)
{
  ContainerSummary summary;
  read_shared(json, summary);
  // Links add further names, "/other/alias"; the container's own has one slash.
  for (const auto& name : texts_of(json, "Names")) {
    if (name.rfind('/') == 0) {
      summary.name = without_slash(name);
    }
  }
  summary.image = text_of(json, "Image");
  summary.image_id = text_of(json, "ImageID");
  summary.labels = labels_of(json, "Labels");
  summary.state = text_of(json, "State");
  summary.status = text_of(json, "Status");
  summary.created += std::chrono::seconds{count_of(json, "Created")};
  for_each_of(json, "Ports", [&](const Json& port) {
    summary.ports.push_back({.container_port = number_of(port, "PrivatePort"),
                             .protocol = text_of(port, "Type"),
                             .host_ip = text_of(port, "IP"),
                             .host_port = number_of(port, "PublicPort")});
  });
  return summary;
}

ContainerDetails read_details(const Json& json)
{
  ContainerDetails details;
  auto& summary = details.summary;
  read_shared(json, summary);
  summary.name = without_slash(text_of(json, "Name"));
  summary.image_id = text_of(json, "Image");
  summary.created = parse_time(text_of(json, "Created"));
  details.restart_count = number_of(json, "RestartCount");
  if (const auto* const config = find_member(json, "Config")) {
    summary.image = text_of(*config, "Image");
    summary.labels = labels_of(*config, "Labels");
    details.has_terminal = flag_of(*config, "Tty");
  }
  if (const auto* const settings = find_member(json, "NetworkSettings")) {
    read_port_map(*settings, summary.ports);
  }
  if (const auto* const state = find_member(json, "State")) {
    read_state(*state, details);
    summary.status = summary.state;
  }
  return details;
}

// {"Titles": ["PID", "COMMAND"], "Processes": [["42", "sleep 60"]]}
std::vector<Process> read_processes(const Json& json)
{
  const auto titles = texts_of(json, "Titles");
  const auto column = [&](std::string_view title) {
    return static_cast<std::size_t>(std::ranges::find(titles, title) - titles.begin());
  };
  const auto pid = column("PID");
  const auto command = column("COMMAND");
  std::vector<Process> processes;
  for_each_of(json, "Processes", [&](const Json& row) {
    const auto cell = [&](std::size_t index) {
      return row.is_array() && index < row.size() && row[index].is_string()
                 ? row[index].get<std::string>()
                 : std::string{};
    };
    processes.push_back({.pid = parse_int(trim(cell(pid))), .command = cell(command)});
  });
  return processes;
}

std::optional<ContainerUsage> read_usage(const Json& json)
{
  const auto* const cpu = find_member(json, "cpu_stats");
  const auto* const total = cpu == nullptr ? nullptr : find_member(*cpu, "cpu_usage");
  const auto* const memory = find_member(json, "memory_stats");
  if (total == nullptr || memory == nullptr || find_member(*memory, "usage") == nullptr) {
    return std::nullopt;
  }
  ContainerUsage usage{.cpu_ns = count_of(*total, "total_usage"),
                       .memory = count_of(*memory, "usage"),
                       .memory_limit = count_of(*memory, "limit")};
  if (const auto* const details = find_member(*memory, "stats")) {
    // cgroup v2 has inactive_file, v1 total_inactive_file: cache that costs nobody anything.
    const auto cache =
        std::max(count_of(*details, "inactive_file"), count_of(*details, "total_inactive_file"));
    usage.memory -= std::min(usage.memory, cache);
  }
  for_each_member_of(json, "networks", [&](const std::string& /*name*/, const Json& network) {
    usage.received += count_of(network, "rx_bytes");
    usage.sent += count_of(network, "tx_bytes");
  });
  if (const auto* const pids = find_member(json, "pids_stats")) {
    usage.pids = count_of(*pids, "current");
  }
  return usage;
}

Network read_network(const Json& json)
{
  Network network{.id = text_of(json, "Id"),
                  .name = text_of(json, "Name"),
                  .labels = labels_of(json, "Labels"),
                  .subnets = {},
                  .container_ids = {}};
  if (const auto* const ipam = find_member(json, "IPAM")) {
    for_each_of(*ipam, "Config",
                [&](const Json& config) { network.subnets.push_back(text_of(config, "Subnet")); });
  }
  for_each_member_of(json, "Containers", [&](const std::string& id, const Json& /*endpoint*/) {
    network.container_ids.push_back(id);
  });
  return network;
}

Volume read_volume(const Json& json)
{
  return {.name = text_of(json, "Name"),
          .mountpoint = text_of(json, "Mountpoint"),
          .labels = labels_of(json, "Labels")};
}

std::chrono::system_clock::time_point parse_time(const std::string& text)
{
  using namespace std::chrono;
  if (text.size() < std::string_view{"2026-11-20T05:50:01Z"}.size()) {
    return {};
  }
  const auto number = [&](std::size_t at, std::size_t length) {
    return parse_int(std::string_view{text}.substr(at, length));
  };
  const year_month_day date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                            day{static_cast<unsigned>(number(8, 2))}};
  if (!date.ok()) {
    return {};
  }
  return sys_days{date} + hours{number(11, 2)} + minutes{number(14, 2)} + seconds{number(17, 2)};
}

}  // namespace pecanctl::docker
