// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/make_stack.hpp"

#include <algorithm>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/project/broker_files.hpp"
#include "core/project/external_service.hpp"
#include "core/project/web_services.hpp"

namespace pecanctl::project {
namespace {

constexpr unsigned k_world_readable = 0444;  // see stack::ConfigFile

std::string holder_name(std::string_view model)
{
  return fmt::format("{}-net", model);
}

std::chrono::milliseconds longest_run(const InstanceFile& file, const Catalogue& catalogue)
{
  std::chrono::milliseconds longest{0};
  for (const auto& request : file.models) {
    longest = std::max(longest, request.model.max_runtime);
  }
  if (file.profile == "full") {
    for (const auto& web : catalogue.web_services) {
      const auto& model = web.service.model;
      longest = std::max(longest, model ? model->max_runtime : longest);
    }
  }
  return longest;
}

stack::ConfigFile service_file(std::string name, Secret content)
{
  return {.name = std::move(name), .content = std::move(content), .mode = k_world_readable};
}

void add_files(std::chrono::milliseconds longest, const Secrets& secrets, stack::Service& service)
{
  if (service.name == "postgres") {
    service.files.push_back(service_file("postgres_password", secrets.postgres));
  } else if (service.name == "rabbitmq") {
    const auto timeout = consumer_timeout(longest);
    service.files.push_back(service_file(
        "rabbitmq.conf", Secret{render_broker_configuration(timeout, service.limits.memory)}));
    service.files.push_back(service_file(
        "definitions.json", Secret{render_broker_definitions(secrets.rabbitmq, secrets.owner)}));
  }
}

// How our worker and PEcAn's own learn where the broker is, and what else differs between them.
void connect_worker(const ModelRequest& request, const Secret& uri, const UserId& user,
                    stack::Service& service)
{
  if (request.worker == WorkerKind::stock) {
    service.secret_environment.emplace("RABBITMQ_URI", uri);
    return;
  }
  service.environment.emplace("RABBITMQ_URI_FILE", "/run/pecanctl/rabbitmq_uri");
  service.files.push_back(
      {.name = "rabbitmq_uri", .content = uri, .uid = user.uid, .gid = user.gid});
  service.has_read_only_root = true;
  service.tmpfs = {"/tmp"};
  // A job that runs when we are told to stop is finished first.
  service.stop_grace = std::chrono::ceil<std::chrono::seconds>(request.model.max_runtime);
}

stack::Service make_holder(const ModelRequest& request, const stack::Service& common)
{
  auto service = common;
  service.name = holder_name(request.key);
  service.role = stack::Role::holder;
  service.image.reference = service.image.own_reference;
  service.image.is_part_of_us = true;
  service.has_read_only_root = true;
  service.replacement = stack::Replacement::start_first;
  return service;
}

stack::Service make_worker(const ModelRequest& request, const stack::Service& common,
                           const Secret& uri, const UserId& user)
{
  auto service = common;
  service.name = request.key;
  service.role = stack::Role::worker;
  service.image = request.image;
  service.user = fmt::format("{}:{}", user.uid, user.gid);
  service.limits.memory = request.memory.value_or(common.limits.memory);
  service.limits.cpus = request.cpus.value_or(common.limits.cpus);
  service.limits.pids = request.pids.value_or(common.limits.pids);
  service.depends_on = {"rabbitmq"};
  if (!request.has_own_networks) {
    service.joins = holder_name(request.key);
    service.depends_on.push_back(service.joins);
  }
  service.replicas = request.replicas;
  service.replacement = stack::Replacement::start_first;
  service.model = request.model;
  connect_worker(request, uri, user, service);
  return service;
}

// What runs elsewhere keeps its data there.
void drop_externals(stack::Stack& stack)
{
  std::erase_if(stack.services, [&](const stack::Service& service) {
    return stack.find_external(service.name) != nullptr;
  });
  std::erase_if(stack.volumes, [&](const stack::Volume& volume) {
    return stack.find_external(volume.key) != nullptr;
  });
}

}  // namespace

UserId find_data_owner(const InstanceFile& file)
{
  struct stat status {};

  if (file.data.empty() || ::stat(file.data.c_str(), &status) != 0) {
    return {};
  }
  return {.uid = static_cast<int>(status.st_uid), .gid = static_cast<int>(status.st_gid)};
}

stack::Service make_standard_service(std::string_view name, const InstanceFile& file,
                                     const Catalogue& catalogue)
{
  const auto found = std::ranges::find(catalogue.services, name, &stack::Service::name);
  if (found == catalogue.services.end()) {
    throw Error{{.code = ErrorCode::internal,
                 .what = fmt::format("cannot find '{}' in templates/stack.yaml", name)}};
  }
  auto service = *found;
  apply_override(file, service);
  return service;
}

stack::Stack make_stack(const InstanceFile& file, const Catalogue& catalogue,
                        const Secrets& secrets, const Machine& machine)
{
  const auto& user = machine.user;
  stack::Stack result{.name = instance_name(file, machine),
                      .owner = secrets.owner,
                      .release = file.release,
                      .file = file.path.string(),
                      .images = file.images,
                      .volumes = catalogue.volumes,
                      .services = catalogue.services,
                      .externals = file.externals};
  drop_externals(result);
  for (auto& volume : result.volumes) {
    if (volume.key == "data") {
      volume.host_path = file.data.string();
      volume.uid = user.uid;
      volume.gid = user.gid;
      volume.folders = {"dbfiles", "workflows"};
    }
  }
  const auto longest = longest_run(file, catalogue);
  for (auto& service : result.services) {
    apply_override(file, service);
    add_files(longest, secrets, service);
  }
  if (file.profile == "full") {
    add_web_services(file, catalogue, secrets, machine, result);
  }
  const auto uri = broker_uri_for(file.externals, secrets.rabbitmq);
  for (const auto& request : file.models) {
    if (!request.has_own_networks) {
      result.services.push_back(make_holder(request, catalogue.holder));
    }
    result.services.push_back(make_worker(request, catalogue.worker, uri, user));
    result.services.back().is_optional = file.profile == "full";
  }
  for (auto& service : result.services) {
    use_externals(result.externals, service);
  }
  return result;
}

}  // namespace pecanctl::project
