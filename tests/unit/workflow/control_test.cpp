// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "core/workflow/watch.hpp"
#include "core/workflow/withdraw.hpp"
#include "tests/unit/workflow/run_fixture.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::RunFixture;
using workflow::JobEnd;

namespace {

// How many results ended so.
int count_results(const RunFixture& fixture, JobEnd end)
{
  return static_cast<int>(std::ranges::count(fixture.results, end, &workflow::JobResult::end));
}

}  // namespace

TEST_CASE("workflow::Run: --halt soon sends nothing new and waits for what is under way")
{
  RunFixture fixture;
  fixture.policy.halt = workflow::parse_halt("soon,fail=1");
  fixture.job = [](const auto&) { return false; };
  const auto folders = fixture.make_folders(20);
  const auto totals = fixture.run(folders, 3, {.most_at_once = 2});
  CHECK(totals.failed >= 1);
  CHECK(totals.cancelled >= 17);
  CHECK(totals.left() == 0);
  CHECK(fixture.broker.published.size() + totals.cancelled >= 20);
  CHECK(fixture.store.list_open().empty());
}

TEST_CASE("workflow::Run: --halt now takes back what no worker has begun, and leaves what runs")
{
  RunFixture fixture;
  fixture.policy.halt = workflow::parse_halt("now,success=1");
  const auto folders = fixture.make_folders(10);
  bool has_started = false;
  // One job ends; the second is begun, and never ends while we look. Others have a message there.
  fixture.broker.on_wait = [&](test::FakeBroker& broker) {
    if (!std::exchange(has_started, true)) {
      fixture.work_once();
      broker.take(test::k_queue);
      broker.queues[test::k_queue].push_front({.body = R"({"folder": "/data/other"})"});
    }
  };
  const auto totals = fixture.run(folders);
  CHECK(totals.ok <= 2);
  CHECK(totals.cancelled >= 7);
  CHECK(totals.left() >= 1);
  REQUIRE(fixture.store.list_open().size() == 1);
  const auto& left = fixture.broker.queues[test::k_queue];
  CHECK(std::ranges::all_of(
      left, [](const auto& message) { return message.body == R"({"folder": "/data/other"})"; }));
}

TEST_CASE(
    "workflow::Run: a job that takes too long counts as timeout, and its worker is left alone")
{
  RunFixture fixture;
  fixture.policy.job_timeout = workflow::parse_job_timeout("20s");
  fixture.is_busy = true;
  fixture.job = [&](const std::string& path) -> std::optional<bool> {
    return path == fixture.path_of(1) ? std::nullopt : std::optional{true};
  };
  const auto folders = fixture.make_folders(3);
  const auto totals = fixture.run(folders, 2);
  CHECK(totals.ok == 2);
  CHECK(totals.failed == 1);
  CHECK(count_results(fixture, JobEnd::timeout) == 1);
  CHECK(fixture.runs[fixture.path_of(1)] == 1);  // not tried again
}

TEST_CASE("workflow::Run: what is tried again is what --retry-on names")
{
  RunFixture fixture;
  fixture.policy.retry_on = workflow::parse_retry_on("lost");
  fixture.job = [&](const std::string& path) -> std::optional<bool> {
    return path == fixture.path_of(1) ? std::optional{false} : std::nullopt;
  };
  const auto totals = fixture.run(fixture.make_folders(2), 1);
  CHECK(totals.failed == 2);
  CHECK(fixture.runs[fixture.path_of(1)] == 1);
  CHECK(fixture.runs[fixture.path_of(2)] == 2);
}

TEST_CASE("workflow::begin_run: --resume leaves out what failed, whatever its place in the list")
{
  RunFixture fixture;
  auto folders = fixture.make_folders(4);
  fixture.job = [&](const std::string& path) { return path != fixture.path_of(2); };
  CHECK(fixture.run(folders).failed == 1);
  std::ranges::reverse(folders);
  folders.push_back(fixture.path_of(5));
  std::filesystem::create_directories(fixture.root / folders.back());
  std::ofstream{fixture.root / folders.back() / "job.sh"} << "exit 0\n";
  fixture.skips_failed = true;
  const auto begun = fixture.begin(folders);
  CHECK(begun.already_done == 3);
  CHECK(begun.failed_before == 1);
  REQUIRE(begun.run);
  REQUIRE(begun.run->state.jobs.size() == 1);
  CHECK(begun.run->state.jobs.front().folder == fixture.path_of(5));
}

TEST_CASE("workflow::begin_run: --resume submits a job that failed once its job.sh was mended")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(1);
  fixture.job = [](const auto&) { return false; };
  fixture.run(folders);
  fixture.skips_failed = true;
  CHECK_FALSE(fixture.begin(folders).run);
  std::ofstream{fixture.root / folders[0] / "job.sh"} << "exit 0 # mended\n";
  CHECK(fixture.begin(folders).run);
}

TEST_CASE("workflow::withdraw_jobs: the messages of others stay, in their order")
{
  test::FakeBroker broker;
  auto& queue = broker.queues["q"];
  for (const auto* const id : {"a1", "b1", "a2", "b2", "a3"}) {
    queue.push_back({.message_id = id});
  }
  const auto find = [](const rabbitmq::Message& message) -> std::optional<std::uint32_t> {
    return message.message_id.starts_with('a')
               ? std::optional<std::uint32_t>{message.message_id[1] - '0'}
               : std::nullopt;
  };
  SUBCASE("all of ours are there")
  {
    CHECK(workflow::withdraw_jobs(broker.connect(), "q", 3, find, Deadline::never(), {}) ==
          std::vector<std::uint32_t>{1, 2, 3});
  }
  SUBCASE("some are with workers")
  {
    CHECK(workflow::withdraw_jobs(broker.connect(), "q", 9, find, Deadline::never(), {}).size() ==
          3);
  }
  SUBCASE("the broker is slow, which is no proof that there are no more")
  {
    broker.silences = 3;
    CHECK(workflow::withdraw_jobs(broker.connect(), "q", 9, find, Deadline::never(), {}).size() ==
          3);
  }
  REQUIRE(queue.size() == 2);
  CHECK(queue[0].message_id == "b1");
  CHECK(queue[1].message_id == "b2");
}

TEST_CASE("workflow::Run: a request in its folder makes a run take its jobs back")
{
  RunFixture fixture;
  auto begun = fixture.begin(fixture.make_folders(10));
  REQUIRE(begun.run);
  auto process = fixture.make_run(*begun.run, {.most_at_once = 4});
  bool has_asked = false;
  fixture.broker.on_wait = [&](test::FakeBroker& /*broker*/) {
    fixture.work_once();
    if (!std::exchange(has_asked, true)) {
      fixture.store.ask_to_cancel("run-0001");
    }
  };
  process.wait(Deadline::in(20s), {});
  CHECK(process.is_cut_short());
  CHECK(process.totals().cancelled >= 6);
  CHECK(process.totals().left() == 0);
  CHECK(fixture.broker.queues[test::k_queue].empty());
  CHECK_FALSE(
      std::filesystem::exists(workflow::cancel_request_path(fixture.store.path_of("run-0001"))));
}

TEST_CASE("workflow::cancel_run: a run that nobody works on is the caller's")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(3);
  {
    auto begun = fixture.begin(folders);
    fixture.make_run(*begun.run).submit(Deadline::never(), {});
  }
  auto watched = workflow::cancel_run(fixture.store, "run-0001", Deadline::in(20s), {});
  REQUIRE(watched.run);
  fixture.make_run(*watched.run).cancel(Deadline::in(20s), {});
  CHECK(workflow::count_ends(watched.run->state.jobs).cancelled == 3);
  CHECK(fixture.broker.queues[test::k_queue].empty());
  CHECK(watched.run->state.is_over());
}

TEST_CASE(
    "workflow::watch_run: it tells what another process writes, and takes over when that ends")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(2);
  auto begun = std::make_optional(fixture.begin(folders));
  std::vector<workflow::JobResult> seen;
  std::atomic<int> looks = 0;
  // The other process is played whenever the onlooker has told something.
  const std::jthread other{[&] {
    std::this_thread::sleep_for(50ms);
    for (const std::uint32_t job : {0U, 1U}) {
      begun->run->journal.append(
          workflow::Record{.kind = workflow::Record::Kind::done, .job = job, .is_ok = job == 0});
    }
    while (looks < 2) {
      std::this_thread::sleep_for(5ms);
    }
    begun.reset();
  }};
  auto watched = workflow::watch_run(fixture.store, "run-0001", fixture.reporter,
                                     [&](const auto& result) {
                                       seen.push_back(result);
                                       ++looks;
                                     },
                                     Deadline::in(20s), {});
  REQUIRE(watched.run);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].is_ok);
  CHECK(seen[1].end == JobEnd::error);
}
