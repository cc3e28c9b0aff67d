// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/service_template.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/config/read.hpp"

namespace pecanctl::project {
namespace {

using config::Key;
using config::Node;
using config::Type;

// As the name of a volume: where the engine is asked, read-only.
constexpr std::string_view k_engine_socket = "engine";

// What takes jobs and is no model is the executor: its job is a workflow, and lasts until the runs
// of all its models ended.
constexpr std::chrono::hours k_longest_workflow{24 * 7};

constexpr std::array k_service_template_keys{
    Key{.path = "image", .description = "What is wanted"},
    Key{.path = "own_image", .description = "What our own build is tagged"},
    Key{.path = "context", .description = "Folder of our Dockerfile, below templates/"},
    Key{.path = "hostname", .description = "Where the data depends on it"},
    Key{.path = "command",
        .type = Type::list,
        .description = "Arguments for the image's entry point"},
    Key{.path = "environment", .type = Type::map, .description = "Variables, none of them secret"},
    Key{.path = "environment.*", .description = "A variable's value"},
    Key{.path = "mounts", .type = Type::map, .description = "Which volume stands where"},
    Key{.path = "mounts.*", .description = "Path in the container, or several by comma"},
    Key{.path = "ports", .type = Type::list, .description = "Ports of the container to publish"},
    Key{.path = "health", .type = Type::map, .description = "How to tell that it serves"},
    Key{.path = "health.test",
        .type = Type::list,
        .description = "As the Engine takes it",
        .is_required = true},
    Key{.path = "health.start_interval",
        .type = Type::duration,
        .description = "Between two checks until it serves"},
    Key{.path = "health.start",
        .type = Type::duration,
        .description = "How long it may take at first"},
    Key{.path = "capabilities",
        .type = Type::list,
        .description = "Given back after all were dropped"},
    Key{.path = "memory", .type = Type::size, .description = "Limit"},
    Key{.path = "pids",
        .type = Type::integer,
        .description = "Limit of processes and threads",
        .minimum = 1},
    Key{.path = "stop_grace", .type = Type::duration, .description = "From SIGTERM to SIGKILL"},
    Key{.path = "depends_on", .type = Type::list, .description = "Services that are up before it"},
    Key{.path = "replacement",
        .type = Type::choice,
        .description = "beside: two of it may run at once",
        .fallback = "in-place",
        .choices = "in-place|beside"},
    Key{.path = "user",
        .type = Type::choice,
        .description = "data: who owns /data; default: the image's",
        .choices = "data"},
    Key{.path = "optional", .type = Type::boolean, .description = "Others do without it"},
    Key{.path = "queue", .description = "Queue that it takes jobs from"},
    Key{.path = "route", .type = Type::map, .description = "What the front proxy sends to it"},
    Key{.path = "route.path", .description = "Prefix", .is_required = true},
    Key{.path = "route.port", .type = Type::integer, .description = "Of it", .is_required = true},
    Key{.path = "route.strip", .type = Type::boolean, .description = "It does not see the prefix"},
    Key{.path = "route.headers", .type = Type::map, .description = "Added to each request"},
    Key{.path = "route.headers.*", .description = "Value"},
};

stack::HealthCheck read_health(const Node& node)
{
  stack::HealthCheck health;
  health.test = config::list_texts(node, "test");
  health.start_interval =
      config::find_duration(node, "start_interval").value_or(health.start_interval);
  health.start_period = config::find_duration(node, "start").value_or(health.start_period);
  return health;
}

// How it behaves, as opposed to what it is made of.
void read_conduct(const Node& node, stack::Service& service)
{
  service.capabilities = config::list_texts(node, "capabilities");
  service.limits.memory = config::find_size(node, "memory").value_or(0);
  service.limits.pids =
      static_cast<int>(config::find_integer(node, "pids").value_or(service.limits.pids));
  if (const auto grace = config::find_duration(node, "stop_grace")) {
    service.stop_grace = std::chrono::duration_cast<std::chrono::seconds>(*grace);
  }
  service.depends_on = config::list_texts(node, "depends_on");
  if (config::text_or(node, "replacement") == "beside") {
    service.replacement = stack::Replacement::start_first;
  }
  service.is_optional = config::find_boolean(node, "optional").value_or(false);
  if (const auto queue = config::find_text(node, "queue")) {
    service.role = stack::Role::worker;
    service.model = stack::Model{
        .name = service.name, .max_runtime = k_longest_workflow, .fixed_queue = *queue};
  }
}

}  // namespace

std::span<const Key> service_template_keys()
{
  return k_service_template_keys;
}

stack::Service read_service_template(const Node& node, const std::filesystem::path& templates)
{
  stack::Service service;
  service.name = node.key;
  const auto context = config::text_or(node, "context");
  service.image = {.reference = config::text_or(node, "image"),
                   .own_reference = config::text_or(node, "own_image"),
                   .context = context.empty() ? std::string{} : (templates / context).string()};
  service.hostname = config::text_or(node, "hostname");
  service.command = config::list_texts(node, "command");
  for (const auto& variable : config::map_or_empty(node, "environment").children) {
    service.environment.emplace(variable.key, variable.scalar);
  }
  for (const auto& mount : config::map_or_empty(node, "mounts").children) {
    const bool is_socket = mount.key == k_engine_socket;
    for (const auto& target : split(mount.scalar, ',')) {
      service.mounts.push_back({.volume = is_socket ? std::string{} : mount.key,
                                .path = {},
                                .target = target,
                                .is_read_only = is_socket,
                                .is_engine_socket = is_socket});
    }
  }
  for (const auto& port : config::list_texts(node, "ports")) {
    service.ports.push_back(
        {.container_port = static_cast<int>(config::parse_integer(port).value_or(0))});
  }
  if (const auto* health = node.find("health")) {
    service.health = read_health(*health);
  }
  read_conduct(node, service);
  return service;
}

WebService read_web_service(const Node& node, const std::filesystem::path& templates)
{
  WebService web{.service = read_service_template(node, templates)};
  web.runs_as_data_owner = config::text_or(node, "user") == "data";
  if (const auto* route = node.find("route")) {
    web.route = Route{.path = config::text_or(*route, "path"),
                      .port = static_cast<int>(config::find_integer(*route, "port").value_or(80)),
                      .is_stripped = config::find_boolean(*route, "strip").value_or(false)};
    for (const auto& header : config::map_or_empty(*route, "headers").children) {
      web.route->headers.emplace(header.key, header.scalar);
    }
  }
  return web;
}

}  // namespace pecanctl::project
