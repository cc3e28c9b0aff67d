// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/backend.hpp"

#include <algorithm>
#include <array>

namespace pecanctl::engine {

std::string_view to_string(State state)
{
  constexpr std::array<std::string_view, 6> k_names{"created",    "running", "paused",
                                                    "restarting", "exited",  "dead"};
  return k_names.at(static_cast<std::size_t>(state));
}

std::string_view to_string(Health health)
{
  constexpr std::array<std::string_view, 4> k_names{"none", "starting", "healthy", "unhealthy"};
  return k_names.at(static_cast<std::size_t>(health));
}

std::vector<const Replica*> Observation::of_service(std::string_view service) const
{
  std::vector<const Replica*> found;
  for (const auto& replica : replicas) {
    if (replica.service == service) {
      found.push_back(&replica);
    }
  }
  return found;
}

std::optional<PublishedPort> Observation::find_port(std::string_view service,
                                                    int container_port) const
{
  for (const auto* replica : of_service(service)) {
    const auto port = std::ranges::find_if(replica->ports, [&](const PublishedPort& candidate) {
      return candidate.container_port == container_port && candidate.host_port != 0;
    });
    if (replica->state == State::running && port != replica->ports.end()) {
      return *port;
    }
  }
  return std::nullopt;
}

}  // namespace pecanctl::engine
