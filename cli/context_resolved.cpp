// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// What the composition root can tell of the instance's file and of its own settings.
#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/config/render.hpp"
#include "core/project/resolve.hpp"

namespace pecanctl::cli {

ResolvedView Context::resolved()
{
  auto root = project::resolve_instance_file(source(), find_variable, catalogue());
  project::hide_secrets(root, secrets());
  if (!options_.instance.empty()) {
    config::set_value(root, "name", options_.instance, options_.settings.at("instance").origin);
  }
  if (const auto consul = explicit_consul();
      !consul.value.empty() && consul.origin != file().path.string()) {
    config::set_value(root, "consul.address", consul.value, consul.origin);
  }
  ResolvedView view{.yaml = config::render_yaml(root),
                    .json = config::render_json(root, project::instance_schema()),
                    .origins = {}};
  for (auto& one : config::list_origins(root, source().path.string())) {
    view.origins.push_back({std::move(one.key), std::move(one.value), std::move(one.origin)});
  }
  for (const auto& [name, setting] : options_.settings) {
    if (name.find('.') == std::string::npos || name == "docker.host") {
      const auto host = find_variable("DOCKER_HOST").value_or("");
      const bool is_ambient = name == "docker.host" && setting.value.empty() && !host.empty();
      view.origins.push_back(is_ambient ? ResolvedView::Value{name, host, "DOCKER_HOST"}
                                        : ResolvedView::Value{name, setting.value, setting.origin});
    }
  }
  return view;
}

std::string Context::instance_schema()
{
  return config::render_json_schema(project::instance_schema(), "urn:pecanctl:v1:pecan.yml",
                                    "pecan.yml: one PEcAn instance");
}

}  // namespace pecanctl::cli
