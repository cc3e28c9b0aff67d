// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/presence.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pecanctl::inspection::checks {

Presence find_presence(const Subject& subject, const engine::Identity& identity,
                       const std::string& service, const Deadline& deadline,
                       const std::stop_token& stop)
{
  engine::Observation observed;
  observed.replicas = subject.view(deadline, stop)->list_replicas(identity, deadline, stop);
  Presence presence{.is_deployed = !observed.replicas.empty()};
  const auto replicas = observed.of_service(service);
  if (!presence.is_deployed) {
    presence.reason = fmt::format("{} is not deployed here", identity.instance);
    return presence;
  }
  const auto found = std::ranges::find(replicas, engine::State::running,
                                       [](const auto* replica) { return replica->state; });
  if (found != replicas.end()) {
    presence.id = (*found)->id;
  } else if (replicas.empty()) {
    presence.reason = fmt::format("{} of {} has no container", service, identity.instance);
  } else {
    presence.reason = fmt::format("{} of {} does not run: {}", service, identity.instance,
                                  to_string(replicas.front()->state));
  }
  return presence;
}

std::optional<Finding> skip_unless_present(const Subject& subject, const std::string& service,
                                           const Deadline& deadline, const std::stop_token& stop)
{
  if (subject.stack && subject.stack->find_external(service) != nullptr) {
    return std::nullopt;
  }
  const auto presence = find_presence(subject, *subject.identity, service, deadline, stop);
  if (presence.reason.empty()) {
    return std::nullopt;
  }
  return Finding{.verdict = presence.is_deployed ? Verdict::bad : Verdict::skipped,
                 .text = presence.reason,
                 .fix = presence.is_deployed
                            ? fmt::format("pecanctl deploy starts it; pecanctl logs {} says why it "
                                          "ended",
                                          service)
                            : std::string{}};
}

}  // namespace pecanctl::inspection::checks
