// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/catalogue.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "tests/support/diagnostics.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;

TEST_CASE("load_catalogue: the standard stack that ships is sound")
{
  const auto catalogue = test::catalogue();
  REQUIRE(catalogue.services.size() == 2);
  for (const auto& service : catalogue.services) {
    CAPTURE(service.name);
    CHECK(service.health.has_value());
    CHECK(service.health->test.at(0) == "CMD");
    CHECK(service.health->start_interval <= std::chrono::seconds{3});
    CHECK(service.limits.memory == std::uint64_t{1} << 30U);
    CHECK(service.limits.pids > 0);
    CHECK(service.capabilities.size() == 5);
    CHECK_FALSE(service.image.own_reference.empty());
    CHECK(service.image.context.starts_with(PECANCTL_TEMPLATES "/images/"));
    CHECK(service.replacement == stack::Replacement::stop_first);
    for (const auto& port : service.ports) {
      CHECK(port.host_ip == "127.0.0.1");
      CHECK(port.host_port == 0);
    }
  }
  CHECK(catalogue.services[1].hostname == "rabbitmq");
  CHECK(catalogue.model_names() ==
        std::vector<std::string>{"basgra", "biocro", "dalec", "ed2", "maespa", "sipnet"});
  CHECK(catalogue.models.at("dalec").worker == project::WorkerKind::pecan);
  CHECK(catalogue.models.at("sipnet").worker == project::WorkerKind::stock);
}

TEST_CASE("load_catalogue: every volume that a service mounts is declared")
{
  const auto catalogue = test::catalogue();
  const auto is_declared = [](const auto& volumes, const stack::Service& service) {
    return std::ranges::all_of(service.mounts, [&](const stack::Mount& mount) {
      return std::ranges::find(volumes, mount.volume, &stack::Volume::key) != volumes.end();
    });
  };
  for (const auto& service : catalogue.services) {
    CHECK(is_declared(catalogue.volumes, service));
  }
  CHECK(is_declared(catalogue.volumes, catalogue.worker));
  CHECK(is_declared(catalogue.machine_volumes, catalogue.machine_services.at(0)));
}

TEST_CASE("make_machine_stack: Consul, owned by the machine")
{
  const auto machine = project::make_machine_stack(test::catalogue());
  CHECK(machine.name == "pecanctl");
  CHECK(machine.owner == "machine");
  REQUIRE(machine.services.size() == 1);
  const auto& consul = machine.services[0];
  CHECK(consul.name == "consul");
  CHECK(consul.ports.at(0).container_port == 8500);
  CHECK(consul.limits.memory == std::uint64_t{256} << 20U);
  CHECK(consul.mounts.at(0).target == "/consul/data");
  CHECK(machine.volumes.at(0).key == "consul");
}

TEST_CASE("parse_catalogue: a broken one is refused with places")
{
  CHECK(test::diagnostics_of([] {
          project::parse_catalogue(
              "volumes: [a]\nservices: {a: {imagee: x}}\nmachine:\nworker: {pids: 0}\n", "/t");
        }) ==
        "/t/stack.yaml:0:0: `holder` is missing | add `holder: …`\n"
        "/t/stack.yaml:0:0: `models` is missing | add `models: …`\n"
        "/t/stack.yaml:2:16: unknown key `imagee` | did you mean `image`?\n"
        "/t/stack.yaml:4:16: `pids` must be at least 1, not 0\n");
}
