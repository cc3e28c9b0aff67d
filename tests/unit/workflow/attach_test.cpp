// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/unit/workflow/run_fixture.hpp"

using namespace pecanctl;
using test::RunFixture;

TEST_CASE("workflow::begin_run: what a detached run has under way is waited for and not sent again")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(4);
  {
    auto begun = fixture.begin(folders);
    REQUIRE(begun.run);
    fixture.make_run(*begun.run).submit(Deadline::never(), {});
  }
  auto again = fixture.begin(folders);
  REQUIRE(again.run);
  CHECK(again.attached == 4);
  CHECK(fixture.store.list_open().size() == 1);  // the first one is over: its jobs moved
  auto run = fixture.make_run(*again.run);
  run.wait(Deadline::in(std::chrono::seconds{20}), {});
  CHECK(run.totals().ok == 4);
  CHECK(fixture.broker.published.size() == 4);
}

TEST_CASE("workflow::begin_run: what a living process waits for is only watched")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(2);
  auto first = fixture.begin(folders);
  REQUIRE(first.run);
  auto second = fixture.begin(folders, 5);
  REQUIRE(second.run);
  CHECK(second.attached == 2);
  CHECK(second.run->state.jobs.front().is_watched);
  fixture.make_run(*first.run).submit(Deadline::never(), {});
  fixture.job = [](const auto&) { return false; };
  auto run = fixture.make_run(*second.run);
  run.wait(Deadline::in(std::chrono::seconds{20}), {});
  CHECK(run.totals().failed == 2);
  CHECK(fixture.broker.published.size() == 2);
}

TEST_CASE("workflow::find_run: the latest run is meant when none is named")
{
  RunFixture fixture;
  CHECK_THROWS_AS(workflow::find_run(fixture.store, ""), Error);
  CHECK_THROWS_AS(workflow::find_run(fixture.store, "run-0001"), Error);
  fixture.begin(fixture.make_folders(1));
  CHECK(workflow::find_run(fixture.store, "") == "run-0001");
  CHECK(workflow::find_run(fixture.store, "run-0001") == "run-0001");
}

// The journal of a whole run with a retry, cut everywhere: what a kill -9 may leave. The
// workers went on meanwhile.
TEST_CASE(
    "workflow::Run: the same command after a crash at any moment ends the run and doubles no job")
{
  RunFixture original;
  original.job = [&](const std::string& path) {
    return original.runs[path] > 1 || path != original.path_of(2);
  };
  const auto folders = original.make_folders(3);
  CHECK(original.run(folders, 1).ok == 3);
  const auto journal = read_file(original.folder.path() / "runs/done/run-0001.jsonl");
  // A line cut anywhere is the same as none: three cuts a line stand for all.
  std::vector<std::size_t> lengths{0};
  for (std::size_t start = 0, end = 0; (end = journal.find('\n', start)) != std::string::npos;
       start = end + 1) {
    lengths.insert(lengths.end(), {start + 1, end, end + 1});
  }
  for (const auto length : lengths) {
    CAPTURE(length);
    RunFixture fixture;
    fixture.next_nonce = 2;
    fixture.make_folders(3);
    std::ofstream{fixture.folder.path() / "runs/run-0001.jsonl"} << journal.substr(0, length);
    const auto state = workflow::Journal::read(fixture.folder.path() / "runs/run-0001.jsonl");
    for (const auto& job : state.jobs) {
      if (job.state == workflow::JobState::queued) {  // still with the broker
        fixture.broker.queues[test::k_queue].push_back({.body = workflow::message_body(job)});
      } else if (job.state == workflow::JobState::ok) {
        fixture.write_outcome(job.folder, true);
      }
    }
    const auto totals = fixture.run(folders, 1);
    CHECK(totals.failed == 0);
    for (const auto& [folder, count] : fixture.runs) {
      CHECK(count == 1);
    }
    CHECK(fixture.store.list_open().empty());
  }
}

TEST_CASE("workflow::Journal: a torn last line is dropped and a bad line in the middle refused")
{
  RunFixture fixture;
  fixture.begin(fixture.make_folders(2));
  const auto path = fixture.folder.path() / "runs/run-0001.jsonl";
  std::ofstream{path, std::ios::app} << R"({"event":"publ)";
  {
    workflow::RunState state;
    const auto journal = workflow::Journal::open(path, state);
    REQUIRE(journal);
    CHECK(state.jobs.size() == 2);
    CHECK(read_file(path).ends_with("}\n"));
  }
  std::ofstream{path, std::ios::app} << "nonsense\n";
  workflow::RunState state;
  try {
    workflow::Journal::open(path, state);
    FAIL("it must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.info().why.starts_with("line 4: "));
  }
}
