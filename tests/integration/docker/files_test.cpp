// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/integration/docker/lab.hpp"

using namespace pecanctl;
using test::DockerLab;

TEST_CASE("docker::Engine::put_archive: what goes in comes out with owner and mode")
{
  DockerLab lab;
  const auto id = lab.create("files", "exit 0");
  const std::vector<docker::ArchiveFile> files{
      {.path = "run/", .mode = 0750, .uid = 1000, .gid = 1000},
      {.path = "run/job.sh",
       .content = "#!/bin/sh\n",
       .mode = 0755,
       .uid = 1000,
       .gid = 1001,
       .modified = 86400},
      {.path = "run/empty", .content = ""},
      {.path = "run/big", .content = std::string(100'000, 'x')}};
  lab.engine.put_archive(id, "/tmp", files, DockerLab::soon(), {});
  const auto found = lab.engine.find_archive(id, "/tmp/run", 50'000, DockerLab::soon(), {});
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  for (const auto& file : *found) {
    CHECK(file.path.starts_with("run/"));
    if (file.path == "run/job.sh") {
      CHECK(file.content == "#!/bin/sh\n");
      CHECK(file.mode == 0755);
      CHECK(file.uid == 1000);
      CHECK(file.gid == 1001);
      CHECK(file.modified == 86400);
    } else {
      CHECK(file.path == "run/empty");
    }
  }
  const auto stat = lab.engine.find_path(id, "/tmp/run", DockerLab::soon(), {});
  REQUIRE(stat);
  CHECK(stat->is_directory);
  CHECK((stat->mode & 0777U) == 0750);
  const auto file = lab.engine.find_path(id, "/tmp/run/job.sh", DockerLab::soon(), {});
  REQUIRE(file);
  CHECK_FALSE(file->is_directory);
  CHECK(file->size == 10);
  CHECK(file->name == "job.sh");
}

TEST_CASE(
    "docker::Engine: a path that is not there is absent and a container that is not there an error")
{
  DockerLab lab;
  const auto id = lab.create("files", "exit 0");
  CHECK_FALSE(lab.engine.find_archive(id, "/tmp/none", 100, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.find_path(id, "/tmp/none", DockerLab::soon(), {}));
  const auto code_of = [](const auto& call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  const std::vector<docker::ArchiveFile> files{{.path = "a", .content = "a"}};
  CHECK(code_of([&] {
          lab.engine.find_archive(lab.name + "-none", "/tmp", 100, DockerLab::soon(), {});
        }) == ErrorCode::not_found);
  CHECK(code_of([&] {
          lab.engine.put_archive(lab.name + "-none", "/tmp", files, DockerLab::soon(), {});
        }) == ErrorCode::not_found);
  CHECK(code_of([&] { lab.engine.put_archive(id, "/none", files, DockerLab::soon(), {}); }) ==
        ErrorCode::not_found);
}

TEST_CASE(
    "docker::Engine::put_archive: reaches a volume of a container that never ran and owns its root")
{
  DockerLab lab;
  lab.engine.create_volume(lab.name, lab.labels(), DockerLab::soon(), {});
  const nlohmann::json mount{{"HostConfig", {{"Binds", {lab.name + ":/secrets"}}}}};
  const auto id = lab.create("writer", "exit 0", mount);
  const std::vector<docker::ArchiveFile> files{
      {.path = "./", .mode = 0700, .uid = 999, .gid = 998},
      {.path = "./password", .content = "pssst", .mode = 0400, .uid = 999, .gid = 998}};
  lab.engine.put_archive(id, "/secrets", files, DockerLab::soon(), {});
  const auto reader =
      lab.run("reader", "busybox stat -c '%a %u %g' /secrets /secrets/password", mount);
  CHECK(lab.engine.wait_container(reader, DockerLab::soon(), {}) == 0);
  const auto lines = lab.engine.list_logs(reader, 0, DockerLab::soon(), {});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text == "700 999 998");
  CHECK(lines[1].text == "400 999 998");
  const auto found = lab.engine.find_archive(id, "/secrets/password", 100, DockerLab::soon(), {});
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().path == "password");
  CHECK(found->front().content == "pssst");
}

TEST_CASE("docker::Engine::put_archive: names are bytes whatever the locale")
{
  DockerLab lab;
  const auto id = lab.create("names", "exit 0");
  for (const std::string& name :
       {std::string{"h\xc3\xa4.txt"}, "\xe6\xa8\xb9" + std::string(150, 'n')}) {
    const std::vector<docker::ArchiveFile> files{{.path = name, .content = "x"}};
    lab.engine.put_archive(id, "/tmp", files, DockerLab::soon(), {});
    const auto found = lab.engine.find_archive(id, "/tmp/" + name, 10, DockerLab::soon(), {});
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    CHECK(found->front().path == name);
  }
}
