// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "cli/worker/folder_lock.hpp"
#include "cli/worker/outcome_file.hpp"
#include "cli/worker/worker.hpp"
#include "core/base/fd.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace pecanctl::worker;

TEST_CASE("worker::FolderLock: one holder at a time and the record stays")
{
  const test::TempDir dir;
  {
    const auto lock = FolderLock::try_take(dir.path());
    REQUIRE(lock.has_value());
    CHECK_FALSE(lock->read().has_value());
    CHECK_FALSE(FolderLock::try_take(dir.path()).has_value());
    lock->write({.message_id = "a much longer id than the second one"}, "worker-1");
    lock->write({.message_id = "m1", .is_done = true}, "worker-1");
  }
  const auto lock = FolderLock::try_take(dir.path());
  REQUIRE(lock.has_value());
  const auto record = lock->read();
  REQUIRE(record.has_value());
  CHECK(record->message_id == "m1");
  CHECK(record->is_done);
}

TEST_CASE("worker::FolderLock: a torn record counts as none and a missing folder is an error")
{
  const test::TempDir dir;
  write_file_atomically(dir.path() / ".pecan-worker.lock", R"({"message_id":"m)", 0644);
  CHECK_FALSE(FolderLock::try_take(dir.path())->read().has_value());
  CHECK_THROWS_AS(FolderLock::try_take(dir.path() / "none"), Error);
}

TEST_CASE("worker::is_same_message: an id decides and without one the redelivered flag")
{
  const auto same = [](const char* recorded, const char* delivered, bool is_redelivered) {
    return is_same_message(
        {.message_id = recorded, .is_done = true},
        {.is_redelivered = is_redelivered, .message = {.message_id = delivered}});
  };
  CHECK(same("m", "m", false));
  CHECK_FALSE(same("m", "n", true));
  CHECK(same("", "", true));
  CHECK_FALSE(same("", "", false));
  CHECK_FALSE(same("m", "", true));
  // Handed back by somebody else, after the broker had heard the end of the run before.
  CHECK_FALSE(is_same_message({.is_done = true, .is_settled = true}, {.is_redelivered = true}));
}

TEST_CASE("worker::write_outcome: is two lines and is found again until removed")
{
  const test::TempDir dir;
  CHECK_FALSE(find_outcome(dir.path()).has_value());
  write_outcome(dir.path(), "MODEL FINISHED\n", Status::ok);
  CHECK(read_file(dir.path() / "rabbitmq.out") == "b'MODEL FINISHED\\n'\nOK\n");
  CHECK(find_outcome(dir.path()) == Status::ok);
  write_outcome(dir.path(), "", Status::error);
  CHECK(find_outcome(dir.path()) == Status::error);
  remove_outcome(dir.path());
  remove_outcome(dir.path());
  CHECK_FALSE(find_outcome(dir.path()).has_value());
}

TEST_CASE("worker::find_outcome: half a file is none")
{
  const test::TempDir dir;
  write_file_atomically(dir.path() / "rabbitmq.out", "b'x'\n", 0644);
  CHECK_FALSE(find_outcome(dir.path()).has_value());
}
