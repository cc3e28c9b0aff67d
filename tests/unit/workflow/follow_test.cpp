// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/follow.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "core/workflow/run_store.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace pecanctl::workflow;

TEST_CASE("workflow::RunFollower: a look tells what was added since, and forgets what is over")
{
  const test::TempDir folder;
  const RunStore store{folder.path()};
  RunFollower follower{folder.path()};
  CHECK(follower.look().empty());
  auto run = store.create({.id = "20261120-000000-0001", .model = "m", .queue = "Q"},
                          {{.folder = "a"}, {.folder = "b"}, {.folder = "c"}});
  const auto add = [&](Record::Kind kind, std::uint32_t job, bool is_ok) {
    run.journal.append({.kind = kind, .job = job, .is_ok = is_ok});
  };
  add(Record::Kind::published, 0, false);
  add(Record::Kind::done, 0, true);
  auto seen = follower.look();
  REQUIRE(seen.size() == 1);
  CHECK(seen.front().info.model == "m");
  CHECK(seen.front().total == 3);
  CHECK(seen.front().done == 1);
  add(Record::Kind::done, 1, false);
  std::ofstream{run.journal.path(), std::ios::app} << R"({"event":"done","job":2,)";
  seen = follower.look();
  CHECK(seen.front().done == 2);
  CHECK(seen.front().failed == 1);
  std::ofstream{run.journal.path(), std::ios::app} << R"("status":"OK"})" << '\n';
  CHECK(follower.look().front().done == 3);
  store.finish(run);
  CHECK(follower.look().empty());
}

TEST_CASE(
    "workflow::RunFollower: a journal that is no journal is left out, and no folder is no run")
{
  const test::TempDir folder;
  CHECK(RunFollower{folder.path() / "absent"}.look().empty());
  CHECK_FALSE(std::filesystem::exists(folder.path() / "absent"));
  std::ofstream{folder.path() / "bad.jsonl"} << "nonsense\n";
  RunFollower follower{folder.path()};
  CHECK(follower.look().empty());
  CHECK(follower.look().empty());
}
