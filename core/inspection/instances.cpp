// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/instances.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace pecanctl::inspection {
namespace {

using nlohmann::json;

constexpr std::string_view k_prefix = "pecan/instances/";
constexpr std::string_view k_meta = "/meta";

bool runs_well(const engine::Replica& replica)
{
  return replica.state == engine::State::running &&
         (replica.health == engine::Health::none || replica.health == engine::Health::healthy);
}

KnownInstance describe(const engine::Identity& identity, const engine::Observation& observed)
{
  KnownInstance known{.name = identity.instance,
                      .owner = identity.owner,
                      .containers = observed.replicas.size(),
                      .volumes = observed.volumes.size()};
  for (const auto& replica : observed.replicas) {
    known.running += replica.state == engine::State::running ? 1U : 0U;
    known.revision = std::max(known.revision, replica.revision);
    known.file = replica.file;
  }
  known.state = observed.replicas.empty()                           ? "stopped"
                : std::ranges::all_of(observed.replicas, runs_well) ? "healthy"
                                                                    : "degraded";
  return known;
}

std::string member(const json& meta, const char* name)
{
  const auto found = meta.find(name);
  return found != meta.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::vector<KnownInstance> list_local(engine::View& view, const std::string& host,
                                      const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<KnownInstance> instances;
  for (const auto& identity : view.list_instances(deadline, stop)) {
    instances.push_back(describe(identity, view.observe(identity, deadline, stop)));
    instances.back().host = host;
  }
  std::ranges::sort(instances, {}, &KnownInstance::name);
  return instances;
}

void add_published(std::vector<KnownInstance>& instances, consul::Client& consul,
                   const std::string& host, const Deadline& deadline, const std::stop_token& stop)
{
  for (const auto& entry : consul.list(k_prefix, deadline, stop)) {
    const std::string_view key = entry.key;
    const auto meta = json::parse(entry.value, nullptr, false);
    if (!key.ends_with(k_meta) || !meta.is_object()) {
      continue;
    }
    const auto name = key.substr(k_prefix.size(), key.size() - k_prefix.size() - k_meta.size());
    const auto owner = member(meta, "owner");
    const auto here = std::ranges::find_if(instances, [&](const KnownInstance& known) {
      return known.name == name && known.owner == owner;
    });
    if (here != instances.end()) {
      here->release = member(meta, "release");
      continue;
    }
    const auto revision = meta.find("revision");
    KnownInstance known{.name = std::string{name},
                        .owner = owner,
                        .state = member(meta, "host") == host ? "lost" : "elsewhere",
                        .release = member(meta, "release"),
                        .file = member(meta, "file"),
                        .host = member(meta, "host")};
    if (revision != meta.end() && revision->is_number_integer()) {
      known.revision = revision->get<int>();
    }
    instances.push_back(std::move(known));
  }
  std::ranges::sort(instances, {}, &KnownInstance::name);
}

}  // namespace pecanctl::inspection
