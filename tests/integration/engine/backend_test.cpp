// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/integration/engine/fixture.hpp"

using namespace pecanctl;
using engine::State;
using test::EngineLab;

TEST_CASE("engine docker backend: a secret file has its content and owner and shows nowhere else")
{
  EngineLab lab;
  auto& service = lab.add_service("a", test::k_idle);
  service.files = {{.name = "password",
                    .content = Secret{"hunter2-secret"},
                    .uid = 1000,
                    .gid = 1001,
                    .mode = 0400}};
  lab.deploy();
  const auto id = lab.replicas().at(0).id;
  const std::vector<std::string> look{
      "busybox", "sh", "-c",
      "busybox stat -c '%u:%g %a' /run/pecanctl/password; busybox cat /run/pecanctl/password; "
      "echo; busybox touch /run/pecanctl/x 2>/dev/null && echo writable; busybox env"};
  // Not even root reads a file of another user here: every capability is dropped.
  const auto seen = lab.engine.exec(id, look, EngineLab::soon(), {});
  CHECK(seen.output.starts_with("1000:1001 400\n"));
  CHECK(seen.output.find("writable") == std::string::npos);
  CHECK(seen.output.find("hunter2") == std::string::npos);
  const auto files =
      lab.engine.find_archive(id, "/run/pecanctl/password", 1024, EngineLab::soon(), {});
  REQUIRE(files);
  CHECK(files->at(0).content == "hunter2-secret");
  CHECK(lab.replicas().at(0).spec.find("hunter2") == std::string::npos);
}

TEST_CASE("engine docker backend: what has our name and not our labels is a conflict and stays")
{
  EngineLab lab;
  auto& service = lab.add_service("a", test::k_idle);
  SUBCASE("a container")
  {
    const auto id = lab.DockerLab::create("a-1", "true");
    lab.backend->ensure_network(lab.stack, EngineLab::soon(), {});
    const auto created = lab.EngineLab::create(service, 1);
    REQUIRE(created.error);
    CHECK(created.error->code() == ErrorCode::conflict);
    const engine::Names names{.containers = {lab.name + "-a-1", lab.name + "-a-2"}};
    const auto foreign = lab.backend->find_foreign(names, lab.identity(), EngineLab::soon(), {});
    REQUIRE(foreign.size() == 1);
    CHECK(foreign.front().find("not made by pecanctl") != std::string::npos);
    CHECK(lab.engine.find_container(id, EngineLab::soon(), {}));
  }
  SUBCASE("a volume")
  {
    lab.engine.create_volume(lab.name + "-data", lab.labels(), EngineLab::soon(), {});
    lab.stack.volumes = {{.key = "data", .folders = {"x"}}};
    CHECK(EngineLab::code_of([&] { lab.deploy(); }) == ErrorCode::conflict);
    CHECK(lab.replicas().empty());
    CHECK(lab.engine.find_volume(lab.name + "-data", EngineLab::soon(), {})->labels ==
          lab.labels());
  }
  SUBCASE("a network")
  {
    lab.engine.create_network(lab.name, lab.labels(), EngineLab::soon(), {});
    CHECK(EngineLab::code_of([&] { lab.deploy(); }) == ErrorCode::conflict);
    CHECK(lab.replicas().empty());
  }
}

TEST_CASE("engine docker backend: a container that a crashed run made is adopted")
{
  EngineLab lab;
  const auto& service = lab.add_service("a", test::k_idle);
  lab.backend->ensure_network(lab.stack, EngineLab::soon(), {});
  const auto first = lab.EngineLab::create(service, 1);
  const auto again = lab.EngineLab::create(service, 1);
  REQUIRE_FALSE(again.error);
  CHECK(again.id == first.id);
  CHECK(lab.deploy() == 1);
  CHECK(lab.replicas().at(0).state == State::running);
  CHECK(lab.deploy() == 0);
}

TEST_CASE("engine docker backend: idle stock workers are removed and busy ones finish their job")
{
  EngineLab lab;
  auto& service = lab.add_service("m", test::k_idle);
  service.role = stack::Role::worker;
  service.model = stack::Model{.name = "M", .type = "M", .version = "1"};
  auto busy = service;
  // Its job is a process of its own and ends when the file is there.
  busy.command = {"/bin/sh", "-c",
                  "trap '' TERM; /bin/sh -c 'until [ -e /tmp/end ]; do busybox sleep 0.1; done' & "
                  "wait; exec busybox sleep 3600"};
  lab.backend->ensure_network(lab.stack, EngineLab::soon(), {});
  std::vector<std::string> ids{lab.EngineLab::create(service, 1).id,
                               lab.EngineLab::create(busy, 2).id,
                               lab.EngineLab::create(service, 3).id};
  for (const auto& failure : lab.backend->start(ids, {}, EngineLab::soon(), {})) {
    CHECK_FALSE(failure);
  }
  const auto workers = lab.replicas();
  const auto first = engine::retire(workers, 3, {.drain = Deadline::in(std::chrono::seconds{1})},
                                    *lab.backend, lab.events, {});
  CHECK(first.removed.size() == 2);
  CHECK(first.busy == std::vector{ids[1]});
  REQUIRE(lab.replicas().size() == 1);
  CHECK(lab.replicas()[0].state == State::running);  // thawed
  const std::vector<std::string> finish{"busybox", "touch", "/tmp/end"};
  lab.engine.exec(ids[1], finish, EngineLab::soon(), {});
  const auto second =
      engine::retire(lab.replicas(), 1, {.drain = EngineLab::soon()}, *lab.backend, lab.events, {});
  CHECK(second.removed == std::vector{ids[1]});
  CHECK(lab.replicas().empty());
}

TEST_CASE(
    "engine docker backend: somebody's container on our network survives destroy and is named")
{
  EngineLab lab;
  lab.add_service("a", test::k_idle);
  lab.deploy();
  const auto guest =
      lab.run("guest", test::k_wait_for_ever, {{"HostConfig", {{"NetworkMode", lab.name}}}});
  const auto observed = lab.backend->observe(lab.identity(), EngineLab::soon(), {});
  const auto plan = deployment::plan_destroy(lab.name, observed, true);
  try {
    deployment::apply_destroy(plan, observed, *lab.backend, {}, lab.events, EngineLab::soon(), {});
    FAIL("the network was removed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::partial);
    CHECK(error.info().why.find(lab.name + "-guest") != std::string::npos);
  }
  CHECK(lab.engine.find_container(guest, EngineLab::soon(), {})->summary.state == "running");
  CHECK(lab.replicas().empty());
}
