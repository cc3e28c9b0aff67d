// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "core/base/fd.hpp"
#include "core/engine/data_access.hpp"
#include "tests/integration/docker/lab.hpp"
#include "tests/integration/worker/worker_fixture.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

namespace {

struct DataLab {
  test::DockerLab docker = {};
  test::TempDir dir = {};
  std::unique_ptr<engine::DataAccess> data = {};
  Deadline deadline = Deadline::in(std::chrono::seconds{60});

  DataLab()
  {
    for (const auto* run : {"w/run/1", "w/run/2", "w/run/new\nline"}) {
      fs::create_directories(dir.path() / run);
    }
    write("w/run/1/job.sh", "one");
    write("w/run/2/rabbitmq.out", "b''\nOK\n");
    fs::create_symlink("/etc", dir.path() / "etc");
    fs::create_symlink("1", dir.path() / "w/run/alias");
  }

  void write(const std::string& path, const std::string& text) const
  {
    std::ofstream{dir.path() / path} << text;
  }

  void use_local() { data = engine::make_local_data(dir.path()); }

  void use_engine(bool has_programs)
  {
    const std::string install =
        has_programs ? "busybox --install -s /bin; busybox touch /tmp/ready; " : "";
    auto id = docker.run("reader", install + test::k_wait_for_ever,
                         {{"HostConfig", {{"Binds", {dir.path().string() + ":/data"}}}}});
    if (has_programs) {
      REQUIRE(test::eventually(
          [&] { return docker.engine.find_path(id, "/tmp/ready", deadline, {}).has_value(); }));
    }
    data = engine::make_engine_data(docker.engine,
                                    [id](const Deadline&, std::stop_token) { return id; });
  }
};

}  // namespace

TEST_CASE("engine::DataAccess: the folder itself and a container that mounts it show the same")
{
  DataLab lab;
  SUBCASE("local")
  {
    lab.use_local();
  }
  SUBCASE("through programs of the image")
  {
    lab.use_engine(true);
  }
  SUBCASE("through the archive interface alone")
  {
    lab.use_engine(false);
  }
  const std::vector<std::string> paths{"w/run/1",
                                       "w/run/1/job.sh",
                                       "missing",
                                       "etc",
                                       "etc/passwd",
                                       "w/run/alias/job.sh",
                                       "w/run/2/rabbitmq.out"};
  const auto infos = lab.data->look(paths, lab.deadline, {});
  REQUIRE(infos.size() == paths.size());
  REQUIRE(infos[0]);
  CHECK(infos[0]->kind == engine::PathKind::folder);
  REQUIRE(infos[1]);
  CHECK(infos[1]->kind == engine::PathKind::file);
  CHECK(infos[1]->stamp.size == 3);
  CHECK_FALSE(infos[2]);
  CHECK((!infos[3] || infos[3]->kind == engine::PathKind::other));
  CHECK_FALSE(infos[4]);
  CHECK_FALSE(infos[5]);
  const auto ends = lab.data->find_ends(paths, 4, lab.deadline, {});
  CHECK_FALSE(ends[0]);
  REQUIRE(ends[1]);
  CHECK(ends[1]->text == "one");
  CHECK(ends[1]->is_whole);
  CHECK_FALSE(ends[4]);
  CHECK_FALSE(ends[5]);
  REQUIRE(ends[6]);
  CHECK(ends[6]->text == "\nOK\n");
  CHECK_FALSE(ends[6]->is_whole);
  const auto before = infos[6]->stamp;
  CHECK(lab.data->look(std::span{&paths[6], 1}, lab.deadline, {}).front()->stamp == before);
  lab.write("w/run/2/rabbitmq.out", "b'longer'\nOK\n");
  CHECK(lab.data->look(std::span{&paths[6], 1}, lab.deadline, {}).front()->stamp != before);
}

TEST_CASE(
    "engine::DataAccess: folders are listed and files removed and renamed where that is possible")
{
  DataLab lab;
  SUBCASE("local")
  {
    lab.use_local();
  }
  SUBCASE("through programs of the image")
  {
    lab.use_engine(true);
  }
  CHECK(lab.data->list_folders("w/run", lab.deadline, {}) ==
        std::vector<std::string>{"1", "2", "new\nline"});
  CHECK(lab.data->list_folders("missing", lab.deadline, {}).empty());
  CHECK(lab.data->list_files("w/run/1", lab.deadline, {}) == std::vector<std::string>{"job.sh"});
  const std::vector<std::string> gone{"w/run/2/rabbitmq.out", "w/run/2/never"};
  lab.data->remove(gone, lab.deadline, {});
  CHECK_FALSE(fs::exists(lab.dir.path() / gone[0]));
  lab.data->rename("w/run/1/job.sh", "w/run/1/other", lab.deadline, {});
  CHECK(fs::exists(lab.dir.path() / "w/run/1/other"));
}

TEST_CASE("engine::DataAccess: folders are made whole, with their modes, here and in a container")
{
  DataLab lab;
  SUBCASE("local")
  {
    lab.use_local();
  }
  SUBCASE("through programs of the image")
  {
    lab.use_engine(true);
  }
  const std::vector<engine::NewFile> files{{.path = "job.sh", .content = "exit 0\n", .mode = 0755},
                                           {.path = "in/p.csv", .content = "1\n"}};
  const std::vector<engine::NewFolder> folders{{.path = "e/run/a", .files = files},
                                               {.path = "e/run/b", .files = files},
                                               {.path = "w/run/1", .files = files},
                                               {.path = "c", .files = files}};
  CHECK(lab.data->make_folders(folders, lab.deadline, {}) ==
        std::vector<bool>{true, true, false, true});
  for (const auto* const made : {"e/run/a", "e/run/b", "c"}) {
    CHECK(read_file(lab.dir.path() / made / "in/p.csv") == "1\n");
    CHECK((fs::status(lab.dir.path() / made / "job.sh").permissions() & fs::perms::mask) ==
          fs::perms{0755});
  }
  CHECK(read_file(lab.dir.path() / "w/run/1/job.sh") == "one");
  CHECK(lab.data->list_folders("e/run", lab.deadline, {}) == std::vector<std::string>{"a", "b"});
  const std::vector<std::string> scripts{"c/job.sh"};
  CHECK((lab.data->look(scripts, lab.deadline, {}).front()->mode & 0777U) == 0755U);
}

TEST_CASE("engine::DataAccess: what an image without programs cannot do is denied")
{
  DataLab lab;
  lab.use_engine(false);
  const std::vector<std::string> paths{"w/run/2/rabbitmq.out"};
  try {
    lab.data->remove(paths, lab.deadline, {});
    FAIL("nothing can remove it");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::denied);
  }
  CHECK(fs::exists(lab.dir.path() / paths[0]));
}
