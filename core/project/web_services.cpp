// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/web_services.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/project/config_php.hpp"
#include "core/project/external_service.hpp"
#include "core/project/placeholders.hpp"

namespace pecanctl::project {
namespace {

// What an instance calls itself until it is registered. Source: PEcAn's documentation, "Database
// Synchronization"; BETY's own default.
constexpr std::int64_t k_unregistered_site = 99;
constexpr std::string_view k_moving_release = "develop";

Placeholders placeholders_for(const InstanceFile& file, const Secrets& secrets,
                              const Machine& machine)
{
  return {.texts = {{"name", instance_name(file, machine)},
                    {"host", machine.host},
                    {"release", file.release},
                    // BETY and its dump have releases of their own; PEcAn takes the latest.
                    {"bety_release", file.release == k_moving_release ? file.release : "latest"},
                    {"site", std::to_string(file.site.id.value_or(k_unregistered_site))},
                    {"uid", std::to_string(machine.user.uid)},
                    {"gid", std::to_string(machine.user.gid)}},
          .secrets = {{"broker_uri", broker_uri_for(file.externals, secrets.rabbitmq)},
                      {"bety_key", secrets.bety_key},
                      {"bety_password", secrets.bety},
                      {"postgres_password", secrets.postgres},
                      {"rstudio_password", secrets.rstudio}}};
}

void set_engine_socket(const Machine& machine, stack::Service& service)
{
  for (auto& mount : service.mounts) {
    if (mount.is_engine_socket) {
      mount.path = machine.engine_socket;
    }
  }
}

}  // namespace

std::string instance_name(const InstanceFile& file, const Machine& machine)
{
  return machine.name.empty() ? file.name : machine.name;
}

void apply_override(const InstanceFile& file, stack::Service& service)
{
  const auto found = file.services.find(service.name);
  if (found == file.services.end()) {
    return;
  }
  const auto& changes = found->second;
  if (!changes.image.empty()) {
    // Ours stands in for the standard image only.
    service.image = {.reference = changes.image, .own_reference = {}, .context = {}};
  }
  if (changes.port != 0 && !service.ports.empty()) {
    service.ports.front().host_port = changes.port;
  }
  service.limits.memory = changes.memory.value_or(service.limits.memory);
  service.limits.cpus = changes.cpus.value_or(service.limits.cpus);
  service.replicas = changes.replicas.value_or(service.replicas);
}

void add_web_services(const InstanceFile& file, const Catalogue& catalogue, const Secrets& secrets,
                      const Machine& machine, stack::Stack& stack)
{
  const auto placeholders = placeholders_for(file, secrets, machine);
  stack.volumes.insert(stack.volumes.end(), catalogue.web_volumes.begin(),
                       catalogue.web_volumes.end());
  for (const auto& web : catalogue.web_services) {
    const auto changes = file.services.find(web.service.name);
    if (changes != file.services.end() && changes->second.is_off) {
      continue;
    }
    auto service = web.service;
    placeholders.fill(service);
    service.image.reference = at_registry(file, service.image.reference);
    apply_override(file, service);
    set_engine_socket(machine, service);
    if (web.runs_as_data_owner) {
      service.user = fmt::format("{}:{}", machine.user.uid, machine.user.gid);
    }
    if (web.route) {
      service.labels = route_labels(service.name, *web.route, file.http);
    }
    if (service.name == "traefik") {
      configure_proxy(file.http, machine.certificate, machine.certificate_key, service);
    } else if (service.name == "web") {
      service.files.push_back(
          {.name = "config.php",
           .content = Secret{merge_config_php(machine.config_php, render_config_php(file.hosts))},
           .mode = 0644,
           .folder = "/var/www/html/pecan"});
    }
    stack.services.push_back(std::move(service));
  }
}

stack::Service make_job(std::string_view name, const InstanceFile& file, const Catalogue& catalogue,
                        const Secrets& secrets, const Machine& machine)
{
  const auto found = catalogue.jobs.find(std::string{name});
  if (found == catalogue.jobs.end()) {
    throw Error{{.code = ErrorCode::internal,
                 .what = fmt::format("cannot find the job '{}' in templates/stack.yaml", name)}};
  }
  auto job = found->second;
  placeholders_for(file, secrets, machine).fill(job);
  job.image.reference = at_registry(file, job.image.reference);
  use_externals(file.externals, job);
  return job;
}

}  // namespace pecanctl::project
