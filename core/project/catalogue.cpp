// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/catalogue.hpp"

#include <array>
#include <utility>

#include "core/base/fd.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"
#include "core/config/read.hpp"
#include "core/config/schema.hpp"

namespace pecanctl::project {
namespace fs = std::filesystem;

namespace {

using config::Key;
using config::Node;
using config::Type;

constexpr std::array k_service_keys{
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
    Key{.path = "mounts.*", .description = "Path in the container"},
    Key{.path = "ports", .type = Type::list, .description = "Ports of the container to publish"},
    Key{.path = "health", .type = Type::map, .description = "How to tell that it serves"},
    Key{.path = "health.test",
        .type = Type::list,
        .description = "As the Engine takes it",
        .is_required = true},
    Key{.path = "health.interval", .type = Type::duration, .description = "Between two checks"},
    Key{.path = "capabilities",
        .type = Type::list,
        .description = "Given back after all were dropped"},
    Key{.path = "memory", .type = Type::size, .description = "Limit"},
    Key{.path = "pids",
        .type = Type::integer,
        .description = "Limit of processes and threads",
        .minimum = 1},
    Key{.path = "stop_grace", .type = Type::duration, .description = "From SIGTERM to SIGKILL"},
};

constexpr std::array k_model_keys{
    Key{.path = "name", .description = "As in BETY's models.model_name", .is_required = true},
    Key{.path = "type", .description = "As in modeltypes.name", .is_required = true},
    Key{.path = "version", .description = "As in models.revision", .is_required = true},
    Key{.path = "image", .description = "With {version} and {release}", .is_required = true},
    Key{.path = "context", .description = "Folder of its Dockerfile, below templates/"},
    Key{.path = "worker", .type = Type::choice, .fallback = "stock", .choices = "stock|pecan"},
};

constexpr std::array k_keys{
    Key{.path = "volumes", .type = Type::list, .is_required = true},
    Key{.path = "services", .type = Type::map, .is_required = true},
    Key{.path = "services.*", .type = Type::map},
    Key{.path = "machine", .type = Type::map, .is_required = true},
    Key{.path = "machine.volumes", .type = Type::list},
    Key{.path = "machine.services", .type = Type::map},
    Key{.path = "machine.services.*", .type = Type::map},
    Key{.path = "worker", .type = Type::map, .is_required = true},
    Key{.path = "holder", .type = Type::map, .is_required = true},
    Key{.path = "models", .type = Type::map, .is_required = true},
    Key{.path = "models.*", .type = Type::map},
};

void check(std::span<const Key> keys, const Node& map, config::Diagnostics& diagnostics)
{
  config::Schema{keys}.check(map, diagnostics);
}

std::vector<stack::Volume> read_volumes(const Node& parent)
{
  std::vector<stack::Volume> volumes;
  for (auto& name : config::list_texts(parent, "volumes")) {
    volumes.push_back({.key = std::move(name), .host_path = {}, .folders = {}});
  }
  return volumes;
}

stack::HealthCheck read_health(const Node& node)
{
  stack::HealthCheck health;
  health.test = config::list_texts(node, "test");
  health.interval = config::find_duration(node, "interval").value_or(health.interval);
  return health;
}

stack::Service read_service(const Node& node, const fs::path& templates)
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
    service.mounts.push_back({.volume = mount.key, .path = {}, .target = mount.scalar});
  }
  for (const auto& port : config::list_texts(node, "ports")) {
    service.ports.push_back(
        {.container_port = static_cast<int>(config::parse_integer(port).value_or(0))});
  }
  if (const auto* health = node.find("health")) {
    service.health = read_health(*health);
  }
  service.capabilities = config::list_texts(node, "capabilities");
  service.limits.memory = config::find_size(node, "memory").value_or(0);
  service.limits.pids =
      static_cast<int>(config::find_integer(node, "pids").value_or(service.limits.pids));
  if (const auto grace = config::find_duration(node, "stop_grace")) {
    service.stop_grace = std::chrono::duration_cast<std::chrono::seconds>(*grace);
  }
  return service;
}

std::vector<stack::Service> read_services(const Node& parent, const fs::path& templates,
                                          config::Diagnostics& diagnostics)
{
  std::vector<stack::Service> services;
  for (const auto& node : config::map_or_empty(parent, "services").children) {
    check(k_service_keys, node, diagnostics);
    services.push_back(read_service(node, templates));
  }
  return services;
}

KnownModel read_model(const Node& node, const fs::path& templates)
{
  const auto context = config::text_or(node, "context");
  return {
      .key = node.key,
      .name = config::text_or(node, "name"),
      .type = config::text_or(node, "type"),
      .version = config::text_or(node, "version"),
      .image = config::text_or(node, "image"),
      .context = context.empty() ? std::string{} : (templates / context).string(),
      .worker = config::text_or(node, "worker") == "pecan" ? WorkerKind::pecan : WorkerKind::stock};
}

}  // namespace

std::vector<std::string> Catalogue::model_names() const
{
  std::vector<std::string> names;
  for (const auto& [name, ignored] : models) {
    names.push_back(name);
  }
  return names;
}

Catalogue parse_catalogue(std::string_view text, const fs::path& templates)
{
  config::Diagnostics diagnostics{(templates / "stack.yaml").string(), text};
  const auto root = config::parse_document(text, diagnostics);
  check(k_keys, root, diagnostics);
  const auto& machine = config::map_or_empty(root, "machine");
  const auto& worker = config::map_or_empty(root, "worker");
  check(k_service_keys, worker, diagnostics);
  const auto& holder = config::map_or_empty(root, "holder");
  check(k_service_keys, holder, diagnostics);

  Catalogue catalogue{.volumes = read_volumes(root),
                      .services = read_services(root, templates, diagnostics),
                      .machine_volumes = read_volumes(machine),
                      .machine_services = read_services(machine, templates, diagnostics),
                      .worker = read_service(worker, templates),
                      .holder = read_service(holder, templates),
                      .models = {}};
  for (const auto& node : config::map_or_empty(root, "models").children) {
    check(k_model_keys, node, diagnostics);
    catalogue.models.emplace(node.key, read_model(node, templates));
  }
  diagnostics.throw_if_any();
  return catalogue;
}

Catalogue load_catalogue(const fs::path& templates)
{
  return parse_catalogue(read_file(templates / "stack.yaml"), fs::absolute(templates));
}

stack::Stack make_machine_stack(const Catalogue& catalogue)
{
  stack::Stack machine;
  machine.name = "pecanctl";
  machine.owner = "machine";
  machine.volumes = catalogue.machine_volumes;
  machine.services = catalogue.machine_services;
  return machine;
}

}  // namespace pecanctl::project
