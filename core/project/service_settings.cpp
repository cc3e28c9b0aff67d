// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/service_settings.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/config/read.hpp"
#include "core/project/external_service.hpp"

namespace pecanctl::project {
namespace {

using config::Node;

constexpr std::uint64_t k_least_memory = std::uint64_t{6} << 20U;  // the Engine takes no less

void report_at(const Node& map, std::string_view key, config::Diagnostics& diagnostics,
               std::string message, std::string hint = {})
{
  const auto* node = map.find(key);
  diagnostics.add(node != nullptr ? node->position : map.key_position, std::move(message),
                  std::move(hint));
}

// One entry of `services`.
class ServiceSettings {
 public:
  ServiceSettings(const Node& node, const Catalogue& catalogue, config::Diagnostics& diagnostics,
                  InstanceFile& file)
      : node_{node},
        catalogue_{catalogue},
        diagnostics_{diagnostics},
        file_{file}
  {
  }

  void read()
  {
    const auto* service = find();
    if (service == nullptr) {
      return;
    }
    if (node_.kind == config::NodeKind::scalar) {
      read_off();
      return;
    }
    if (node_.find("external") != nullptr || node_.find("management") != nullptr) {
      read_external();
      return;
    }
    ServiceOverride changes{
        .port = static_cast<int>(config::find_integer(node_, "port").value_or(0)),
        .image = config::text_or(node_, "image")};
    read_limits(node_, diagnostics_, changes.memory, changes.cpus);
    if (changes.port != 0 && service->ports.empty()) {
      report_at(node_, "port", diagnostics_, fmt::format("{} has no port of its own", node_.key),
                "the front proxy serves it: `http: {port: …}`");
    }
    if (const auto replicas = config::find_integer(node_, "replicas")) {
      changes.replicas = static_cast<int>(*replicas);
      check_replicas(*service, *replicas);
    }
    file_.services.emplace(node_.key, std::move(changes));
  }

 private:
  const stack::Service* find()
  {
    const auto found = std::ranges::find(catalogue_.services, node_.key, &stack::Service::name);
    if (found != catalogue_.services.end()) {
      return &*found;
    }
    const auto* web = catalogue_.find_web_service(node_.key);
    if (web != nullptr && file_.profile == "full") {
      return &web->service;
    }
    if (web != nullptr) {
      diagnostics_.add(node_.key_position, fmt::format("the profile core has no {}", node_.key),
                       "write `profile: full`");
      return nullptr;
    }
    std::vector<std::string> names;
    for (const auto& service : catalogue_.services) {
      names.push_back(service.name);
    }
    for (const auto& other : catalogue_.web_services) {
      names.push_back(other.service.name);
    }
    auto hint = diagnostics_.is_full() ? std::string{} : did_you_mean(node_.key, names);
    diagnostics_.add(
        node_.key_position, fmt::format("unknown service `{}`", node_.key),
        hint.empty() ? fmt::format("standard services: {}", fmt::join(names, ", ")) : hint);
    return nullptr;
  }

  void read_off()
  {
    if (catalogue_.find_web_service(node_.key) == nullptr) {
      diagnostics_.add(node_.position, fmt::format("nothing works without {}", node_.key));
      return;
    }
    file_.services.emplace(node_.key, ServiceOverride{.is_off = true});
  }

  void read_external()
  {
    const auto url = config::text_or(node_, "external");
    if (url.empty() || !may_be_external(node_.key)) {
      report_at(node_, url.empty() ? "management" : "external", diagnostics_,
                url.empty() ? "`management` is of an external broker"
                            : fmt::format("{} cannot be external", node_.key),
                url.empty() ? "write its `external` too" : "postgres and rabbitmq can");
      return;
    }
    try {
      auto external = parse_external(node_.key, url);
      external.management = config::text_or(node_, "management", external.management);
      file_.externals.push_back(std::move(external));
    } catch (const Error& error) {
      report_at(node_, "external", diagnostics_, error.info().why, error.info().hint);
    }
    ServiceOverride changes;
    for (const auto& setting : node_.children) {
      if (setting.key == "image" && node_.key == "postgres") {
        changes.image = setting.scalar;  // it has the pg_dump that saves it
      } else if (setting.key != "external" &&
                 (setting.key != "management" || node_.key != "rabbitmq")) {
        diagnostics_.add(setting.key_position,
                         fmt::format("an external {} has no `{}`", node_.key, setting.key));
      }
    }
    file_.services.emplace(node_.key, std::move(changes));
  }

  void check_replicas(const stack::Service& service, std::int64_t replicas)
  {
    if (service.replacement == stack::Replacement::stop_first && replicas > 1) {
      report_at(node_, "replicas", diagnostics_,
                fmt::format("only one {} can run at a time", node_.key));
    }
  }

  const Node& node_;
  const Catalogue& catalogue_;
  config::Diagnostics& diagnostics_;
  InstanceFile& file_;
};

void read_tls(const Node& http, config::Diagnostics& diagnostics, InstanceFile& file)
{
  const auto* tls = http.find("tls");
  if (tls == nullptr) {
    return;
  }
  const auto path_of = [&](std::string_view key) {
    const auto text = config::text_or(*tls, key);
    return text.empty() ? text : (file.folder() / text).lexically_normal().string();
  };
  file.http.acme_email = config::text_or(*tls, "acme_email");
  file.http.certificate_file = path_of("cert");
  file.http.key_file = path_of("key");
  file.http.tls_port =
      static_cast<int>(config::find_integer(*tls, "port").value_or(file.http.tls_port));
  const bool has_files = !file.http.certificate_file.empty() && !file.http.key_file.empty();
  const bool has_either = !file.http.certificate_file.empty() || !file.http.key_file.empty();
  if (file.http.acme_email.empty() ? !has_files : has_either) {
    diagnostics.add(tls->key_position, "`http.tls` needs `acme_email`, or `cert` and `key`");
  } else if (!file.http.acme_email.empty() && file.host.empty()) {
    diagnostics.add(tls->key_position, "automatic certificates are for a name",
                    "write `http: {host: …}`");
  }
}

// In the profile core, nobody would see it.
void refuse_web_keys(const Node& root, config::Diagnostics& diagnostics)
{
  const auto& http = config::map_or_empty(root, "http");
  const auto refuse = [&](const Node* node, std::string_view key) {
    if (node != nullptr && !node->is_default) {
      diagnostics.add(node->key_position, fmt::format("the profile core has no `{}`", key),
                      "write `profile: full`");
    }
  };
  refuse(http.find("port"), "http.port");
  refuse(http.find("tls"), "http.tls");
  refuse(root.find("hosts"), "hosts");
}

}  // namespace

void read_limits(const Node& node, config::Diagnostics& diagnostics,
                 std::optional<std::uint64_t>& memory, std::optional<double>& cpus)
{
  memory = config::find_size(node, "memory");
  cpus = config::find_number(node, "cpus");
  if (memory && *memory < k_least_memory) {
    report_at(node, "memory", diagnostics,
              fmt::format("`memory` must be at least {}", format_size(k_least_memory)));
  }
  if (cpus && !(*cpus >= 0.01 && *cpus <= 4096)) {
    report_at(node, "cpus", diagnostics, "`cpus` must be between 0.01 and 4096");
  }
}

void read_services(const Node& root, const Catalogue& catalogue, config::Diagnostics& diagnostics,
                   InstanceFile& file)
{
  for (const auto& node : config::map_or_empty(root, "services").children) {
    ServiceSettings{node, catalogue, diagnostics, file}.read();
  }
}

void read_web(const Node& root, config::Diagnostics& diagnostics, InstanceFile& file)
{
  if (file.profile != "full") {
    refuse_web_keys(root, diagnostics);
    return;
  }
  const auto& http = config::map_or_empty(root, "http");
  file.http.host = file.host;
  file.http.port = static_cast<int>(config::find_integer(http, "port").value_or(file.http.port));
  read_tls(http, diagnostics, file);
  file.hosts = config::map_or_empty(root, "hosts");
  for (const auto& host : file.hosts.children) {
    if (!is_host_name(host.key)) {
      diagnostics.add(host.key_position, fmt::format("`{}` is no host name", host.key));
    }
  }
}

}  // namespace pecanctl::project
