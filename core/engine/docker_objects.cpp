// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/docker_objects.hpp"

#include <charconv>

#include <fmt/format.h>

#include "core/engine/labels.hpp"

namespace pecanctl::engine {
namespace {

int number_of(const docker::Labels& labels, std::string_view key)
{
  const auto text = label_of(labels, key);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The list call says health only inside its human text: "Up 3 minutes (healthy)".
Health parse_health(std::string_view status)
{
  const auto says = [&](std::string_view text) {
    return status.find(text) != std::string_view::npos;
  };
  if (says("(healthy)")) {
    return Health::healthy;
  }
  if (says("(unhealthy)")) {
    return Health::unhealthy;
  }
  return says("(health: starting)") ? Health::starting : Health::none;
}

}  // namespace

std::string label_of(const docker::Labels& labels, std::string_view key)
{
  const auto found = labels.find(std::string{key});
  return found == labels.end() ? std::string{} : found->second;
}

std::vector<std::string> filters(const Identity& identity)
{
  std::vector<std::string> labels{fmt::format("{}={}", label::k_instance, identity.instance)};
  if (!identity.owner.empty()) {
    labels.push_back(fmt::format("{}={}", label::k_owner, identity.owner));
  }
  return labels;
}

bool is_ours(const docker::Labels& labels, const Identity& identity)
{
  return label_of(labels, label::k_instance) == identity.instance &&
         label_of(labels, label::k_owner) == identity.owner;
}

State parse_state(std::string_view text)
{
  for (const auto state :
       {State::created, State::running, State::paused, State::restarting, State::exited}) {
    if (text == to_string(state)) {
      return state;
    }
  }
  return State::dead;  // "dead", "removing"
}

Replica to_replica(const docker::ContainerSummary& summary)
{
  Replica replica{.id = summary.id,
                  .name = summary.name,
                  .instance = label_of(summary.labels, label::k_instance),
                  .service = label_of(summary.labels, label::k_service),
                  .number = number_of(summary.labels, label::k_number),
                  .revision = number_of(summary.labels, label::k_revision),
                  .owner = label_of(summary.labels, label::k_owner),
                  .spec = label_of(summary.labels, label::k_spec),
                  .image = summary.image,
                  .image_id = summary.image_id,
                  .state = parse_state(summary.state),
                  .health = parse_health(summary.status),
                  .drains_on_signal = label_of(summary.labels, label::k_drain) == "signal",
                  .is_worker = label_of(summary.labels, label::k_role) == "worker",
                  .is_holder = label_of(summary.labels, label::k_role) == "holder",
                  .file = label_of(summary.labels, label::k_file),
                  .created = summary.created};
  for (const auto& port : summary.ports) {
    replica.ports.push_back({port.container_port, port.host_ip, port.host_port});
  }
  for (const auto& mount : summary.mounts) {
    replica.mounts.emplace(mount.destination, mount.source);
  }
  constexpr std::string_view k_joined = "container:";
  if (summary.network_mode.starts_with(k_joined)) {
    replica.joined = summary.network_mode.substr(k_joined.size());
  }
  return replica;
}

Image to_image(std::string_view reference, const docker::Image& image)
{
  return {.reference = std::string{reference},
          .id = image.id,
          .labels = image.labels,
          .digests = image.digests};
}

}  // namespace pecanctl::engine
