// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/integration/docker/lab.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using test::DockerLab;

TEST_CASE("docker::Engine: an imported image is found and tagged and removed once")
{
  DockerLab lab;
  const auto image = lab.engine.find_image(lab.image, DockerLab::soon(), {});
  REQUIRE(image);
  CHECK(image->id.starts_with("sha256:"));
  CHECK(image->size > 0);
  const auto other = lab.name + "/nested/name:2";
  lab.engine.tag_image(lab.image, other, DockerLab::soon(), {});
  const auto tagged = lab.engine.find_image(other, DockerLab::soon(), {});
  REQUIRE(tagged);
  CHECK(tagged->id == image->id);
  CHECK(tagged->tags.size() == 2);
  CHECK(lab.engine.remove_image(other, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.remove_image(other, DockerLab::soon(), {}));
  CHECK_FALSE(lab.engine.find_image(other, DockerLab::soon(), {}));
}

TEST_CASE("docker::Engine::build_image: builds from a folder with labels and tells its output")
{
  DockerLab lab;
  const test::TempDir folder;
  write_file_atomically(folder.path() / "Dockerfile",
                        "FROM " + lab.image + "\nCOPY hello /hello\nRUN busybox cat /hello\n",
                        0644);
  write_file_atomically(folder.path() / "hello", "good morning", 0644);
  std::string output;
  lab.engine.build_image({.tag = lab.name + "-built:1",
                          .labels = {{"org.example.odd", "a \"b\" & c"}},
                          .use_host_network = true},
                         docker::tar_folder(folder.path()),
                         [&](const docker::BuildProgress& progress) { output += progress.status; },
                         DockerLab::soon(), {});
  CHECK(output.find("good morning") != std::string::npos);
  const auto image = lab.engine.find_image(lab.name + "-built:1", DockerLab::soon(), {});
  REQUIRE(image);
  CHECK(image->labels.at("org.example.odd") == "a \"b\" & c");
}

TEST_CASE("docker::Engine::build_image: a failing step is an error with the output before it")
{
  DockerLab lab;
  const test::TempDir folder;
  write_file_atomically(folder.path() / "Dockerfile",
                        "FROM " + lab.image + "\nRUN echo not found and denied; exit 4\n", 0644);
  try {
    lab.engine.build_image({.tag = lab.name + "-built:1", .use_host_network = true},
                           docker::tar_folder(folder.path()), {}, DockerLab::soon(), {});
    FAIL("the build went through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::failed);
    CHECK(error.info().why.find("not found and denied") != std::string::npos);
    CHECK(error.info().why.find("returned a non-zero code: 4") != std::string::npos);
  }
}

TEST_CASE("docker::Engine::pull_image: a registry that does not listen is unreachable")
{
  DockerLab lab;
  try {
    // Port 9 of the loopback address: nobody is there, and a registry there may speak plain HTTP.
    lab.engine.pull_image("127.0.0.1:9/pecan/none:1", {}, DockerLab::soon(), {});
    FAIL("the pull went through");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unreachable);
    CHECK(error.info().what == "cannot pull image '127.0.0.1:9/pecan/none:1'");
    CHECK(error.info().why.find("connection refused") != std::string::npos);
  }
}
