// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/catalogue.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/fd.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"
#include "core/config/read.hpp"
#include "core/config/schema.hpp"
#include "core/project/service_template.hpp"

namespace pecanctl::project {
namespace fs = std::filesystem;

namespace {

using config::Key;
using config::Node;
using config::Type;

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
    Key{.path = "web", .type = Type::map},
    Key{.path = "web.volumes", .type = Type::list},
    Key{.path = "web.services", .type = Type::map},
    Key{.path = "web.services.*", .type = Type::map},
    Key{.path = "jobs", .type = Type::map},
    Key{.path = "jobs.*", .type = Type::map},
    Key{.path = "releases", .type = Type::map},
    Key{.path = "releases.*", .type = Type::map},
    Key{.path = "releases.*.*", .description = "Version of a model in that release"},
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

std::vector<stack::Service> read_services(const Node& parent, const fs::path& templates,
                                          config::Diagnostics& diagnostics)
{
  std::vector<stack::Service> services;
  for (const auto& node : config::map_or_empty(parent, "services").children) {
    check(service_template_keys(), node, diagnostics);
    services.push_back(read_service_template(node, templates));
  }
  return services;
}

void read_web(const Node& root, const fs::path& templates, config::Diagnostics& diagnostics,
              Catalogue& catalogue)
{
  const auto& web = config::map_or_empty(root, "web");
  catalogue.web_volumes = read_volumes(web);
  for (const auto& node : config::map_or_empty(web, "services").children) {
    check(service_template_keys(), node, diagnostics);
    catalogue.web_services.push_back(read_web_service(node, templates));
  }
  for (const auto& node : config::map_or_empty(root, "jobs").children) {
    check(service_template_keys(), node, diagnostics);
    catalogue.jobs.emplace(node.key, read_service_template(node, templates));
  }
  for (const auto& release : config::map_or_empty(root, "releases").children) {
    for (const auto& model : release.children) {
      catalogue.releases[release.key][model.key] = model.scalar;
    }
  }
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

const WebService* Catalogue::find_web_service(std::string_view name) const
{
  const auto found = std::ranges::find_if(
      web_services, [&](const WebService& web) { return web.service.name == name; });
  return found == web_services.end() ? nullptr : &*found;
}

Catalogue parse_catalogue(std::string_view text, const fs::path& templates)
{
  config::Diagnostics diagnostics{(templates / "stack.yaml").string(), text};
  const auto root = config::parse_document(text, diagnostics);
  check(k_keys, root, diagnostics);
  const auto& machine = config::map_or_empty(root, "machine");
  const auto& worker = config::map_or_empty(root, "worker");
  check(service_template_keys(), worker, diagnostics);
  const auto& holder = config::map_or_empty(root, "holder");
  check(service_template_keys(), holder, diagnostics);

  Catalogue catalogue{.volumes = read_volumes(root),
                      .services = read_services(root, templates, diagnostics),
                      .web_volumes = {},
                      .web_services = {},
                      .jobs = {},
                      .machine_volumes = read_volumes(machine),
                      .machine_services = read_services(machine, templates, diagnostics),
                      .worker = read_service_template(worker, templates),
                      .holder = read_service_template(holder, templates),
                      .models = {},
                      .releases = {}};
  read_web(root, templates, diagnostics, catalogue);
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
