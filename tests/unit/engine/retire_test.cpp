// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/retire.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_backend.hpp"
#include "tests/support/recorder.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using engine::State;

namespace {

struct Lab {
  explicit Lab(int workers, bool drains = false)
  {
    for (int number = 1; number <= workers; ++number) {
      auto& worker = backend.add("demo", "m", number);
      worker.is_worker = true;
      worker.drains_on_signal = drains;
    }
  }

  engine::Retired retire(std::size_t count, engine::RetirePolicy policy = {})
  {
    const auto workers = backend.world.replicas;
    return engine::retire(workers, count, policy, backend, events, stop.get_token());
  }

  static engine::RetirePolicy for_a_moment() { return {.drain = Deadline::in(0ms)}; }

  bool is_frozen()
  {
    return std::ranges::any_of(backend.world.replicas,
                               [](const auto& replica) { return replica.state == State::paused; });
  }

  test::FakeBackend backend;
  test::Recorder events;
  std::stop_source stop;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("engine::retire: a stock worker is frozen, looked at and killed, in this order")
{
  Lab lab{1};
  CHECK(lab.retire(1).removed == Names{"id-demo-m-1"});
  CHECK(lab.backend.calls ==
        Names{"freeze demo-m-1", "look demo-m-1", "kill demo-m-1", "remove demo-m-1"});
}

TEST_CASE("engine::retire: a busy stock worker is thawed at once and left when the time is over")
{
  Lab lab{1};
  lab.backend.busy = {{"demo-m-1", 1000}};
  const auto result = lab.retire(1, Lab::for_a_moment());
  CHECK(result.removed.empty());
  CHECK(result.busy == Names{"id-demo-m-1"});
  CHECK(lab.backend.calls == Names{"freeze demo-m-1", "look demo-m-1", "thaw demo-m-1"});
  CHECK_FALSE(lab.is_frozen());
}

TEST_CASE("engine::retire: a stock worker goes when its job is done")
{
  Lab lab{1};
  lab.backend.busy = {{"demo-m-1", 1}};
  CHECK(lab.retire(1).removed.size() == 1);
  CHECK(lab.backend.count("freeze") == 2);
}

TEST_CASE("engine::retire: of many stock workers the idle ones go")
{
  Lab lab{20};
  for (int number = 1; number <= 9; ++number) {
    lab.backend.busy.emplace(fmt::format("demo-m-{}", number), 1000);
  }
  const auto result = lab.retire(11);
  CHECK(result.removed.size() == 11);
  for (int number = 1; number <= 20; ++number) {
    CHECK((lab.backend.find(fmt::format("demo-m-{}", number)) != nullptr) == (number <= 9));
  }
  CHECK_FALSE(lab.is_frozen());
}

TEST_CASE("engine::retire: what could not be frozen is never killed")
{
  Lab lab{2};
  lab.backend.failing.emplace("freeze demo-m-1", Error{{.code = ErrorCode::failed}});
  const auto result = lab.retire(2, Lab::for_a_moment());
  CHECK(result.removed == Names{"id-demo-m-2"});
  CHECK(result.busy == Names{"id-demo-m-1"});
  CHECK_FALSE(lab.backend.has("look demo-m-1"));
  CHECK_FALSE(lab.backend.has("kill demo-m-1"));
  CHECK_FALSE(lab.backend.has("remove demo-m-1"));
}

TEST_CASE("engine::retire: one that ended before it could be frozen is removed")
{
  Lab lab{1};
  lab.backend.failing.emplace("freeze demo-m-1", Error{{.code = ErrorCode::conflict}});
  lab.backend.on_call = [&](const std::string& call) {
    if (call == "freeze demo-m-1") {
      lab.backend.find("demo-m-1")->state = State::exited;
    }
  };
  CHECK(lab.retire(1).removed.size() == 1);
}

TEST_CASE("engine::retire: nobody stays frozen after an error or a stop request")
{
  Lab lab{4};
  SUBCASE("the look fails")
  {
    lab.backend.on_call = [](const std::string& call) {
      if (call == "look demo-m-3") {
        throw Error{{.code = ErrorCode::failed}};
      }
    };
    CHECK_THROWS_AS(lab.retire(4), Error);
  }
  SUBCASE("the kill fails")
  {
    lab.backend.failing.emplace("kill demo-m-3", Error{{.code = ErrorCode::failed}});
    CHECK_THROWS_AS(lab.retire(4), Error);
    CHECK(lab.backend.has("thaw demo-m-3"));
    CHECK(lab.backend.world.replicas.size() == 1);
  }
  SUBCASE("Ctrl-C while freezing")
  {
    lab.backend.on_call = [&](const std::string& call) {
      if (call == "freeze demo-m-2") {
        lab.stop.request_stop();
      }
    };
    CHECK_THROWS_AS(lab.retire(4), Cancelled);
    CHECK(lab.backend.count("kill") == 0);
  }
  CHECK_FALSE(lab.is_frozen());
}

TEST_CASE("engine::retire: a thaw that fails is told")
{
  Lab lab{1};
  lab.backend.busy = {{"demo-m-1", 1000}};
  lab.backend.failing.emplace("thaw demo-m-1",
                              Error{{.code = ErrorCode::failed, .what = "cannot thaw"}});
  lab.retire(1, Lab::for_a_moment());
  const auto notes = lab.events.all<Note>();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].level == NoteLevel::warning);
}

TEST_CASE("engine::retire: our own worker gets SIGTERM and is removed when it has left")
{
  Lab lab{1, true};
  lab.backend.busy = {{"demo-m-1", 2}};
  CHECK(lab.retire(1).removed.size() == 1);
  CHECK(lab.backend.calls == Names{"term demo-m-1", "remove demo-m-1"});
  CHECK(lab.backend.looks == 3);
}

TEST_CASE("engine::retire: of our own workers the idle ones are asked first")
{
  Lab lab{4, true};
  lab.backend.busy = {{"demo-m-1", 3}, {"demo-m-3", 1000}};
  CHECK(lab.retire(2).removed == Names{"id-demo-m-2", "id-demo-m-4"});
  CHECK(lab.backend.count("term") == 2);
}

TEST_CASE("engine::retire: our own worker that does not finish in time is listed, not killed")
{
  Lab lab{2, true};
  lab.backend.busy = {{"demo-m-2", 1000}};
  const auto result = lab.retire(2, Lab::for_a_moment());
  CHECK(result.removed == Names{"id-demo-m-1"});
  CHECK(result.busy == Names{"id-demo-m-2"});
  CHECK(lab.backend.count("kill") == 0);
}

TEST_CASE("engine::retire: a busy engine has time for each of many workers")
{
  Lab lab{200, true};
  CHECK(lab.retire(200).removed.size() == 200);
  CHECK(lab.backend.time_to_signal > 300s);
}

TEST_CASE("engine::retire: nobody of the candidates stays frozen by an interrupted command")
{
  Lab lab{3};
  for (auto& replica : lab.backend.world.replicas) {
    replica.drains_on_signal = true;
    replica.state = replica.number == 1 ? State::running : State::paused;
  }
  CHECK(lab.retire(2).removed.size() == 2);
  CHECK_FALSE(lab.is_frozen());
}

TEST_CASE("engine::retire: what does not run goes first, and --now asks nobody")
{
  Lab lab{3};
  lab.backend.find("demo-m-3")->state = State::exited;
  CHECK(lab.retire(1).removed == Names{"id-demo-m-3"});
  CHECK(lab.retire(2, {.cut_off = true}).removed.size() == 2);
  CHECK(lab.backend.count("freeze") == 0);
  CHECK(lab.backend.count("term") == 0);
}

TEST_CASE("engine::retire: one that cannot be removed does not hide the others")
{
  Lab lab{3};
  lab.backend.failing.emplace("remove demo-m-1", Error{{.code = ErrorCode::failed}});
  CHECK_THROWS_AS(lab.retire(3), Error);
  CHECK(lab.backend.world.replicas.size() == 1);
}
