// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/agent_announce.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cli/context.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::chrono::seconds k_catalogue_patience{5};

// Source: Registrator, "Service Object": SERVICE_<port>_NAME before SERVICE_NAME.
std::string announced_name(const stack::Service* service, const engine::Replica& replica, int port)
{
  auto own = fmt::format("{}-{}", replica.instance, replica.service);
  if (service == nullptr) {
    return own;
  }
  for (const auto& variable : {fmt::format("SERVICE_{}_NAME", port), std::string{"SERVICE_NAME"}}) {
    if (const auto found = service->environment.find(variable);
        found != service->environment.end()) {
      return found->second;
    }
  }
  return own;
}

bool is_announceable(const engine::Replica& replica)
{
  return replica.state == engine::State::running &&
         (replica.health == engine::Health::healthy || replica.health == engine::Health::none);
}

class AnnounceDuty : public Duty {
 public:
  explicit AnnounceDuty(const DutyBench& bench)
      : bench_{bench},
        context_{bench.context},
        claim_{context_.claim("announcer")},
        prefix_{fmt::format("pecanctl/{}/", context_.instance_name())},
        is_local_{is_on_this_machine(context_.consul_address())}
  {
  }

  bool pass() override
  {
    const auto stop = context_.stop();
    const auto observed =
        context_.backend().observe_containers(context_.identity(), context_.look_deadline(), stop);
    const auto wanted = services_of(observed);
    const auto deadline = Deadline::in(k_catalogue_patience);
    auto& client = claim_->client();
    const auto present = client.list_service_ids(deadline, stop);
    for (const auto& [id, service] : wanted) {
      const bool is_there = std::ranges::find(present, id) != present.end();
      const auto told = fmt::format("{} {}", service.name, service.port);
      if (!is_there || told_[id] != told) {
        client.register_service(service, deadline, stop);
        told_[id] = told;
        note(bench_.reporter,
             fmt::format("announced {} at {}:{}", service.name, service.address, service.port));
      }
    }
    for (const auto& id : present) {
      if (id.starts_with(prefix_) && !wanted.contains(id)) {
        client.deregister_service(id, deadline, stop);
        told_.erase(id);
        note(bench_.reporter, fmt::format("no longer announced: {}", id));
      }
    }
    return false;
  }

 private:
  // A Consul in a container cannot reach what is published on the machine's loopback address: a
  // check of its own would take away what is right.
  static bool is_on_this_machine(const std::string& address)
  {
    return address.find("//127.") != std::string::npos ||
           address.find("//localhost") != std::string::npos;
  }

  std::map<std::string, consul::ServiceRegistration> services_of(
      const engine::Observation& observed)
  {
    std::map<std::string, consul::ServiceRegistration> services;
    for (const auto& replica : observed.replicas) {
      if (!is_announceable(replica)) {
        continue;
      }
      for (const auto& port : replica.ports) {
        if (port.host_port == 0) {
          continue;  // for its neighbours only
        }
        auto id = fmt::format("{}{}-{}:{}", prefix_, replica.service, replica.number,
                              port.container_port);
        services.emplace(std::move(id), registration_of(replica, port));
      }
    }
    for (auto& [id, service] : services) {
      service.id = id;
    }
    return services;
  }

  consul::ServiceRegistration registration_of(const engine::Replica& replica,
                                              const engine::PublishedPort& port)
  {
    consul::ServiceRegistration service;
    service.name = announced_name(context_.stack().find_service(replica.service), replica,
                                  port.container_port);
    service.address = port.host_ip == "0.0.0.0" ? context_.machine_address() : port.host_ip;
    service.port = port.host_port;
    service.tags = {"pecanctl", replica.instance};
    service.meta = {{"instance", replica.instance},
                    {"service", replica.service},
                    {"container_port", std::to_string(port.container_port)}};
    if (is_local_) {
      service.check =
          consul::ServiceCheck{.http = {},
                               .tcp = fmt::format("{}:{}", service.address, service.port),
                               .interval = std::chrono::seconds{10},
                               .deregister_after = std::chrono::minutes{1}};
    }
    return service;
  }

  DutyBench bench_;
  Context& context_;
  std::unique_ptr<deployment::Index> claim_;
  std::string prefix_;
  bool is_local_;
  std::map<std::string, std::string> told_;  // id → name and port
};

}  // namespace

std::unique_ptr<Duty> make_announce_duty(const DutyBench& bench)
{
  return std::make_unique<AnnounceDuty>(bench);
}

}  // namespace pecanctl::cli
