// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/integration/docker/lab.hpp"

using namespace pecanctl;
using test::DockerLab;

TEST_CASE("docker::Engine: a network lives once and says who is in it")
{
  DockerLab lab;
  const auto id = lab.engine.create_network(lab.name, lab.labels(), DockerLab::soon(), {});
  CHECK_THROWS_AS(lab.engine.create_network(lab.name, {}, DockerLab::soon(), {}), Error);
  const auto container =
      lab.run("member", test::k_wait_for_ever, {{"HostConfig", {{"NetworkMode", lab.name}}}});
  const auto listed = lab.engine.list_networks(lab.filter(), DockerLab::soon(), {});
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].id == id);
  const auto network = lab.engine.find_network(lab.name, DockerLab::soon(), {});
  REQUIRE(network);
  CHECK(network->labels == lab.labels());
  CHECK(network->container_ids == std::vector<std::string>{container});
  try {
    lab.engine.remove_network(id, DockerLab::soon(), {});
    FAIL("a network in use was removed");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::conflict);
  }
  lab.engine.remove_containers({&container, 1}, true, 1, DockerLab::soon(), {});
  CHECK(lab.engine.remove_network(id, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.remove_network(id, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.find_network(lab.name, DockerLab::soon(), {}));
}

TEST_CASE("docker::Engine: a volume lives once and says where it is")
{
  DockerLab lab;
  lab.engine.create_volume(lab.name, lab.labels(), DockerLab::soon(), {});
  lab.engine.create_volume(lab.name, lab.labels(), DockerLab::soon(), {});
  const auto listed = lab.engine.list_volumes(lab.filter(), DockerLab::soon(), {});
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].name == lab.name);
  const auto volume = lab.engine.find_volume(lab.name, DockerLab::soon(), {});
  REQUIRE(volume);
  CHECK(volume->labels == lab.labels());
  CHECK(volume->mountpoint.find(lab.name) != std::string::npos);
  CHECK(lab.engine.remove_volume(lab.name, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.remove_volume(lab.name, DockerLab::soon(), {}));
}

TEST_CASE("docker::Engine::list_labelled: containers, networks and volumes in one answer")
{
  DockerLab lab;
  const auto network = lab.engine.create_network(lab.name, lab.labels(), DockerLab::soon(), {});
  lab.engine.create_volume(lab.name, lab.labels(), DockerLab::soon(), {});
  const auto container = lab.run("member", test::k_wait_for_ever);
  const auto found = lab.engine.list_labelled(lab.filter(), DockerLab::soon(), {});
  REQUIRE(found.containers.size() == 1);
  CHECK(found.containers[0].id == container);
  REQUIRE(found.networks.size() == 1);
  CHECK(found.networks[0].id == network);
  REQUIRE(found.volumes.size() == 1);
  CHECK(found.volumes[0].name == lab.name);
}
