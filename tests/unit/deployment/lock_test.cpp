// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "core/base/error.hpp"
#include "tests/support/recorder.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using deployment::InstanceLock;

namespace {

struct LockLab {
  InstanceLock lock(std::chrono::milliseconds wait = 0ms, const std::string& command = "deploy",
                    deployment::LockMode mode = deployment::LockMode::exclusive)
  {
    const deployment::Holder holder{.host = "here",
                                    .pid = 42,
                                    .user = "ann",
                                    .command = command,
                                    .since = "2026-11-20T09:00:00Z"};
    return InstanceLock{{.folders = {folder.path()}, .name = "demo", .wait = wait, .mode = mode},
                        holder,
                        events,
                        stop.get_token()};
  }

  std::string conflict()
  {
    try {
      lock();
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::conflict);
      return error.info().why;
    }
    return "none";
  }

  test::TempDir folder;
  test::Recorder events;
  std::stop_source stop;
};

}  // namespace

TEST_CASE("deployment::InstanceLock: the second one hears who holds it")
{
  LockLab lab;
  {
    const auto held = lab.lock();
    CHECK(lab.conflict() ==
          "held by `pecanctl deploy` of ann on here (pid 42) since 2026-11-20T09:00:00Z");
  }
  CHECK(lab.conflict() == "none");
}

TEST_CASE("deployment::InstanceLock: instances do not disturb each other")
{
  LockLab lab;
  const auto held = lab.lock();
  const InstanceLock other{{.folders = {lab.folder.path()}, .name = "other"}, {}, lab.events, {}};
}

TEST_CASE("deployment::InstanceLock: foreign text in its file is no crash")
{
  LockLab lab;
  const auto held = lab.lock();
  for (const auto* text : {"", "not json", "[]", R"({"pid": "x", "host": 7, "user": null})"}) {
    std::ofstream{lab.folder.path() / "pecanctl-demo.lock"} << text;
    CHECK(lab.conflict() != "none");
  }
}

TEST_CASE(
    "deployment::InstanceLock: one that waits gets it when it is free, and says that it waits")
{
  LockLab lab;
  auto held = std::make_unique<InstanceLock>(lab.lock());
  std::jthread releaser{[&] {
    while (lab.events.all<Note>().empty()) {
      std::this_thread::yield();
    }
    held.reset();
  }};
  const auto second = lab.lock(20s);
  CHECK(lab.events.all<Note>().front().text.find("pid 42") != std::string::npos);
}

TEST_CASE("deployment::InstanceLock: waiting ends with a stop request")
{
  LockLab lab;
  const auto held = lab.lock();
  std::jthread stopper{[&] {
    while (lab.events.all<Note>().empty()) {
      std::this_thread::yield();
    }
    lab.stop.request_stop();
  }};
  CHECK_THROWS_AS(lab.lock(20s), Cancelled);
}

TEST_CASE("deployment::InstanceLock: kill -9 of the holder frees it")
{
  LockLab lab;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto held = lab.lock();
    [[maybe_unused]] const auto said = ::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  CHECK(lab.conflict().find("pid 42") != std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(lab.conflict() == "none");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("deployment::InstanceLock: whoever shares one folder with the holder is kept out")
{
  LockLab lab;
  const test::TempDir ours;
  const auto take = [&](std::vector<std::filesystem::path> folders) {
    return InstanceLock{{.folders = std::move(folders), .name = "demo"}, {}, lab.events, {}};
  };
  const auto root = take({ours.path(), lab.folder.path()});
  CHECK(lab.conflict() != "none");
  const std::vector<std::filesystem::path> seen{lab.folder.path()};
  CHECK(deployment::find_lock_holder(seen, "demo").has_value());
  CHECK_FALSE(deployment::find_lock_holder(seen, "other").has_value());
}

TEST_CASE("deployment::InstanceLock: users share it, and keep out whoever wants it alone")
{
  LockLab lab;
  const auto first = lab.lock(0ms, "deploy", deployment::LockMode::shared);
  {
    const auto second = lab.lock(0ms, "scale", deployment::LockMode::shared);
    CHECK(lab.conflict() != "none");
  }
  CHECK(lab.conflict() != "none");
}

TEST_CASE("deployment::InstanceLock: what somebody else put in its place is not touched")
{
  LockLab lab;
  const auto path = lab.folder.path() / "pecanctl-demo.lock";
  const auto victim = lab.folder.path() / "victim";
  std::ofstream{victim} << "precious";
  std::filesystem::create_hard_link(victim, path);
  CHECK_THROWS_AS(lab.lock(), Error);
  std::filesystem::remove(path);
  std::filesystem::create_symlink(victim, path);
  CHECK_THROWS_AS(lab.lock(), Error);
  CHECK(std::filesystem::file_size(victim) == 8);
}
