// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <set>

#include "tests/unit/workflow/run_fixture.hpp"

using namespace pecanctl;
using rabbitmq::PublishOutcome;
using test::RunFixture;

TEST_CASE("workflow::Run: every folder is run once and its outcome told")
{
  RunFixture fixture;
  const auto totals = fixture.run(fixture.make_folders(50));
  CHECK(totals.ok == 50);
  CHECK(totals.failed == 0);
  CHECK(fixture.results.size() == 50);
  CHECK(fixture.runs.size() == 50);
  for (const auto& [folder, count] : fixture.runs) {
    CHECK(count == 1);
  }
  CHECK(fixture.store.list_open().empty());
}

TEST_CASE("workflow::Run: a message is what model.py reads, and can be recognised")
{
  RunFixture fixture;
  fixture.run(fixture.make_folders(1));
  REQUIRE(fixture.broker.published.size() == 1);
  const auto& message = fixture.broker.published.front();
  CHECK(message.body == R"({"folder": "/data/workflows/w/run/1"})");
  CHECK(message.is_persistent);
  CHECK(message.message_id.size() == 16 + 1 + 1 + 1 + 8);
  CHECK(message.reply_to == "reply-1");
}

TEST_CASE("workflow::Run: what is OK already is skipped unless asked for")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(2);
  fixture.write_outcome(folders[0], true);
  CHECK(fixture.begin(folders).already_done == 1);
  RunFixture again;
  again.write_outcome(again.make_folders(1)[0], true);
  const auto begun = again.begin({again.path_of(1)}, 0, true);
  CHECK(begun.already_done == 0);
  CHECK(begun.run);
}

TEST_CASE("workflow::Run: a stale outcome never counts")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(1);
  fixture.write_outcome(folders[0], false);
  SUBCASE("it is removed") {}
  SUBCASE("it is remembered where it cannot be removed")
  {
    fixture.data->is_read_only = true;
  }
  fixture.job = [&](const std::string& path) {
    CHECK(std::filesystem::exists(fixture.root / path / "rabbitmq.out") ==
          fixture.data->is_read_only);
    CHECK(fixture.results.empty());
    return true;
  };
  CHECK(fixture.run(folders).ok == 1);
}

TEST_CASE("workflow::Run: an outcome that is half written is looked at again")
{
  RunFixture fixture;
  int waits = 0;
  fixture.broker.on_wait = [&](test::FakeBroker&) {
    const auto file = fixture.root / fixture.path_of(1) / "rabbitmq.out";
    const char* const texts[] = {"", "b'x'\n", "b'x'\nOK", "b'x'\nOK\n"};
    std::ofstream{file} << texts[std::min(waits++, 3)];
  };
  CHECK(fixture.run(fixture.make_folders(1)).ok == 1);
  CHECK(waits >= 4);
}

TEST_CASE("workflow::Run: a message that the broker returns is an error of that job")
{
  RunFixture fixture;
  fixture.broker.queues.erase(test::k_queue);
  const auto totals = fixture.run(fixture.make_folders(2));
  CHECK(totals.failed == 2);
  REQUIRE_FALSE(fixture.results.empty());
  CHECK(fixture.results.front().output == "RabbitMQ has no queue 'SIPNET_git'");
}

TEST_CASE("workflow::Run: an unconfirmed message is sent again under the same id to pecan-worker")
{
  RunFixture fixture;
  bool is_first = true;
  bool arrives = false;
  SUBCASE("it was lost") {}
  SUBCASE("it had arrived")
  {
    arrives = true;
  }
  fixture.broker.decide = [&](const auto&) {
    return std::exchange(is_first, false)
               ? test::FakeBroker::Fate{.outcome = PublishOutcome::unconfirmed, .arrives = arrives}
               : test::FakeBroker::Fate{};
  };
  const auto totals = fixture.run(fixture.make_folders(3), 0, {.recognises_duplicates = true});
  CHECK(totals.ok == 3);
  std::set<std::string> ids;
  for (const auto& message : fixture.broker.published) {
    ids.insert(message.message_id);
  }
  CHECK(ids.size() == 3);
  CHECK(fixture.broker.connections == 2);
}

TEST_CASE(
    "workflow::Run: an unconfirmed message goes to PEcAn's worker again only when it surely was "
    "lost")
{
  RunFixture fixture;
  bool is_first = true;
  bool arrives = false;
  SUBCASE("it was lost") {}
  SUBCASE("it had arrived")
  {
    arrives = true;
  }
  fixture.broker.decide = [&](const auto&) {
    return std::exchange(is_first, false)
               ? test::FakeBroker::Fate{.outcome = PublishOutcome::unconfirmed, .arrives = arrives}
               : test::FakeBroker::Fate{};
  };
  CHECK(fixture.run(fixture.make_folders(3)).ok == 3);
  CHECK(fixture.broker.published.size() == 3);
  for (const auto& [folder, count] : fixture.runs) {
    CHECK(count == 1);
  }
}

TEST_CASE("workflow::Run: a job that no worker answers is given up after the silence")
{
  RunFixture fixture;
  fixture.job = [](const auto&) { return std::nullopt; };
  const auto begun = fixture.broker.now;
  SUBCASE("and ends in ERROR without retries")
  {
    CHECK(fixture.run(fixture.make_folders(1)).failed == 1);
    CHECK(fixture.results.front().output == "no worker answered");
    CHECK(fixture.broker.now - begun >= std::chrono::seconds{30});
  }
  SUBCASE("and is sent again with retries")
  {
    fixture.job = [&](const std::string& path) {
      return fixture.runs[path] == 1 ? std::nullopt : std::optional{true};
    };
    CHECK(fixture.run(fixture.make_folders(1), 1).ok == 1);
    CHECK(fixture.broker.published.back().message_id.substr(16, 3) == "-2-");
  }
}

TEST_CASE("workflow::Run: a job is not given up while a worker is busy")
{
  RunFixture fixture;
  fixture.is_busy = true;
  fixture.job = [](const auto&) { return std::nullopt; };
  int waits = 0;
  const auto work = fixture.broker.on_wait;
  fixture.broker.on_wait = [&](test::FakeBroker& broker) {
    work(broker);
    if (++waits == 1000) {
      fixture.write_outcome(fixture.path_of(1), true);
    }
  };
  CHECK(fixture.run(fixture.make_folders(1)).ok == 1);
}

TEST_CASE("workflow::Run: a retry clears what makes it look successful")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(1);
  const auto out = fixture.root / "workflows/w/out/1";
  std::filesystem::create_directories(out);
  fixture.job = [&](const std::string& path) {
    const bool is_first = fixture.runs[path] == 1;
    CHECK(std::filesystem::exists(out / "sipnet.out") == false);
    if (is_first) {
      std::ofstream{out / "sipnet.out"};
      std::ofstream{out / "logfile.txt"} << "first";
    }
    return !is_first;
  };
  CHECK(fixture.run(folders, 1).ok == 1);
  CHECK(read_file(out / "logfile.attempt1.txt") == "first");
  REQUIRE(fixture.results.size() == 2);
  CHECK(fixture.results[0].is_retried);
  CHECK(fixture.results[1].attempt == 2);
}

TEST_CASE("workflow::Run: without the right to clear there is no retry")
{
  RunFixture fixture;
  const auto folders = fixture.make_folders(1);
  std::filesystem::create_directories(fixture.root / "workflows/w/out/1");
  std::ofstream{fixture.root / "workflows/w/out/1/sipnet.out"};
  fixture.data->is_read_only = true;
  fixture.job = [](const auto&) { return false; };
  CHECK(fixture.run(folders, 3).failed == 1);
  CHECK(fixture.runs[folders[0]] == 1);
}

TEST_CASE("workflow::Run: no more jobs are under way than asked for")
{
  RunFixture fixture;
  std::size_t most = 0;
  const auto work = fixture.broker.on_wait;
  fixture.broker.on_wait = [&](test::FakeBroker& broker) {
    most = std::max(most, broker.queues[test::k_queue].size());
    work(broker);
  };
  CHECK(fixture.run(fixture.make_folders(12), 0, {.most_at_once = 3}).ok == 12);
  CHECK(most == 3);
}

TEST_CASE("workflow::Run: the time limit leaves the jobs with the broker")
{
  RunFixture fixture;
  auto begun = fixture.begin(fixture.make_folders(2));
  REQUIRE(begun.run);
  auto run = fixture.make_run(*begun.run);
  run.submit(Deadline::never(), {});
  CHECK_THROWS_AS(run.wait(Deadline::in(std::chrono::milliseconds{0}), {}), Error);
  CHECK(fixture.broker.queues[test::k_queue].size() == 2);
}
