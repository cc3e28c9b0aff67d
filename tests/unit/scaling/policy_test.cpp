// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace pecanctl;
using namespace pecanctl::scaling;
using namespace std::chrono_literals;

namespace {

const Time k_start{std::chrono::hours{500'000}};

// A model under the policy: what it decides happens at once, unless a case says otherwise.
class Bench {
 public:
  stack::Scaling scaling{.min = 0, .max = 8};
  Pause pause = Pause::none;
  Memory memory = {};
  int workers = 0;
  int room = 1000;
  Time now = k_start;

  Decision see(std::optional<std::uint64_t> ready, std::optional<int> busy)
  {
    const auto decision =
        decide({.now = now, .ready = ready, .busy = busy, .workers = workers, .room = room}, memory,
               scaling, pause);
    memory = decision.memory;
    return decision;
  }

  Decision follow(std::optional<std::uint64_t> ready, std::optional<int> busy)
  {
    auto decision = see(ready, busy);
    workers = decision.target;
    return decision;
  }

  // Looks once a second, nothing waiting and nothing running, until the count changes.
  std::chrono::seconds idle_until_change()
  {
    const int before = workers;
    for (auto waited = 0s; waited < 24h; waited += 1s) {
      now += 1s;
      if (follow(0, 0).target != before) {
        return waited + 1s;
      }
    }
    return -1s;
  }
};

}  // namespace

TEST_CASE("scaling::decide: an idle model stays at zero, and the first job starts one worker")
{
  Bench bench;
  CHECK(bench.follow(0, 0).verdict == Verdict::hold);
  const auto decision = bench.follow(1, 0);
  CHECK(decision.verdict == Verdict::up);
  CHECK(decision.target == 1);
  CHECK(decision.reason == "1 waiting, 0 running");
}

TEST_CASE("scaling::decide: from zero to max and back to zero, each in its time")
{
  Bench bench;
  CHECK(bench.follow(200, 0).target == 4);
  bench.now += 5s;
  CHECK(bench.follow(190, 4).reason == "8 wanted, but enough were added in 15.0s");
  bench.now += 10s;
  CHECK(bench.follow(150, 4).target == 8);
  bench.now += 60s;
  CHECK(bench.follow(0, 0).reason == "fewer wanted; 8 workers wanted for another 4m00s");
  CHECK(bench.idle_until_change() == 240s);
  CHECK(bench.workers == 0);
  CHECK(bench.see(0, 0).verdict == Verdict::hold);
}

TEST_CASE("scaling::decide: the cooldown holds the last worker, the rest may go")
{
  Bench bench;
  bench.scaling.stabilisation = 10s;
  bench.scaling.min_lifetime = 0s;
  bench.follow(4, 0);
  CHECK(bench.idle_until_change() == 10s);
  CHECK(bench.workers == 1);
  CHECK(bench.idle_until_change() == 290s);
  CHECK(bench.workers == 0);
}

TEST_CASE("scaling::decide: growth is max(4, N) in 15 s")
{
  Bench bench;
  bench.scaling.max = 100;
  std::vector<int> counts;
  for (int second = 0; second <= 60; second += 15) {
    counts.push_back(bench.follow(1000, bench.workers).target);
    bench.now += 15s;
  }
  CHECK(counts == std::vector<int>{4, 8, 16, 32, 64});
}

TEST_CASE("scaling::decide: what is unknown is never zero")
{
  Bench bench;
  bench.workers = 5;
  bench.follow(5, 0);
  for (int hour = 0; hour < 5; ++hour) {
    bench.now += 1h;
    const auto decision = bench.follow(hour % 2 == 0 ? std::nullopt : std::optional{0U},
                                       hour % 2 == 0 ? std::optional{0} : std::nullopt);
    CHECK(decision.verdict == Verdict::error);
    CHECK(decision.target == 5);
  }
  bench.now += 1s;
  CHECK_MESSAGE(bench.follow(0, 0).target == 5, "afterwards patience begins anew");
  CHECK(bench.idle_until_change() == 299s);
}

TEST_CASE("scaling::decide: the fallback holds after more than three failures, and only adds")
{
  Bench bench;
  bench.scaling.fallback = 2;
  for (int look = 0; look < 3; ++look) {
    CHECK(bench.follow(std::nullopt, 0).target == 0);
  }
  CHECK(bench.follow(std::nullopt, 0).target == 2);
  bench.workers = 6;
  CHECK(bench.follow(std::nullopt, 0).target == 6);
}

TEST_CASE("scaling::decide: activation starts nothing, and stops nothing that runs")
{
  Bench bench;
  bench.scaling.activation = 10;
  CHECK(bench.follow(10, 0).target == 0);
  CHECK(bench.follow(11, 0).target == 4);
  bench.scaling.min = 2;
  bench.workers = 0;
  bench.memory = {};
  CHECK(bench.follow(3, 0).target == 2);
}

TEST_CASE("scaling::decide: target is jobs per worker")
{
  Bench bench;
  bench.scaling.target = 20;
  CHECK(bench.follow(20, 0).target == 1);
  CHECK(bench.follow(21, 0).target == 2);
}

TEST_CASE("scaling::decide: an addition has to show before the next one, for a minute")
{
  Bench bench;
  bench.follow(8, 0);
  bench.workers = 2;  // two of the four never came
  bench.now += 20s;
  CHECK(bench.see(8, 2).reason == "waits for the 4 workers of the last addition");
  bench.now += 40s;
  CHECK(bench.see(8, 2).verdict == Verdict::up);
}

TEST_CASE("scaling::decide: the machine's room is a bound, never a reason to remove")
{
  Bench bench;
  bench.room = 2;
  CHECK(bench.follow(8, 0).target == 2);
  bench.now += 20s;
  CHECK(bench.follow(8, 2).reason == "8 wanted, but the machine holds 2");
  bench.workers = 5;
  CHECK(bench.see(8, 5).target == 5);
}

TEST_CASE("scaling::decide: a young worker stays")
{
  Bench bench;
  bench.scaling.stabilisation = 0s;
  bench.scaling.cooldown = 0s;
  bench.follow(1, 0);
  CHECK(bench.idle_until_change() == 60s);
}

TEST_CASE("scaling::decide: pauses")
{
  Bench bench;
  bench.scaling.stabilisation = bench.scaling.cooldown = bench.scaling.min_lifetime = 0s;
  SUBCASE("all")
  {
    bench.pause = Pause::all;
    CHECK(bench.follow(5, 0).verdict == Verdict::paused);
    bench.workers = 3;
    CHECK(bench.follow(0, 0).target == 3);
  }
  SUBCASE("up")
  {
    bench.pause = Pause::up;
    CHECK(bench.follow(5, 0).target == 0);
    bench.workers = 3;
    CHECK(bench.follow(0, 0).target == 0);
  }
  SUBCASE("down")
  {
    bench.pause = Pause::down;
    CHECK(bench.follow(3, 0).target == 3);
    CHECK(bench.follow(0, 0).verdict == Verdict::paused);
    CHECK(bench.workers == 3);
  }
}

TEST_CASE("scaling::decide: a lost memory costs patience, never work")
{
  Bench bench;
  bench.workers = 6;
  CHECK(bench.follow(0, 3).target == 3);
  CHECK_MESSAGE(bench.follow(0, 0).target == 3, "wanted a moment ago");
}

TEST_CASE("scaling::decide: bounds that were lowered do not touch busy workers")
{
  Bench bench;
  bench.workers = 8;
  bench.follow(8, 8);
  bench.scaling.max = 2;
  CHECK(bench.follow(8, 8).target == 8);
  CHECK(bench.follow(8, 5).target == 5);
  CHECK(bench.follow(8, 1).target == 2);
}

TEST_CASE("scaling::decide: a clock that is set back keeps nobody waiting")
{
  Bench bench;
  bench.follow(4, 0);
  bench.now -= 1h;
  bench.follow(0, 0);
  CHECK(bench.idle_until_change() <= 301s);
}

// Any demand, any clock, any failure: what is promised holds at every step.
TEST_CASE("scaling::decide: promises hold for random loads")
{
  struct Rise {
    int target;
    Time at;
  };

  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto upto = [&](int most) { return static_cast<int>(random() % (1U + unsigned(most))); };
    Bench bench;
    bench.scaling.min = upto(3);
    bench.scaling.max = bench.scaling.min + 1 + upto(20);
    bench.scaling.stabilisation = std::chrono::seconds{1 + upto(600)};
    bench.scaling.cooldown = std::chrono::seconds{upto(600)};
    bench.scaling.min_lifetime = std::chrono::seconds{upto(120)};
    std::vector<Rise> rises;
    int ready = 0;
    int busy = 0;
    Time active = bench.now;
    for (int step = 0; step < 400; ++step) {
      bench.now += std::chrono::seconds{1 + upto(30)};
      ready = upto(9) == 0 ? upto(60) : std::max(0, ready - upto(4));
      busy = std::min(bench.workers, upto(1) == 0 ? ready : upto(bench.workers));
      const bool is_known = upto(19) != 0;
      const int before = bench.workers;
      const auto decision =
          bench.follow(is_known ? std::optional{std::uint64_t(ready)} : std::nullopt, busy);
      if (!is_known || ready + busy > 0) {
        active = bench.now;
      }
      const int after = decision.target;
      if (decision.verdict != Verdict::up && decision.verdict != Verdict::down) {
        REQUIRE(after == before);
      }
      if (after < before) {
        REQUIRE(decision.verdict == Verdict::down);
        REQUIRE(is_known);
        REQUIRE(after >= busy);
        REQUIRE(after >= bench.scaling.min);
        REQUIRE((after > 0 || bench.now - active >= bench.scaling.cooldown));
        for (const auto& rise : rises) {  // nothing that was added goes within the window
          if (bench.now - rise.at < bench.scaling.stabilisation) {
            REQUIRE(after >= rise.target);
          }
          REQUIRE(bench.now - rise.at >= bench.scaling.min_lifetime);
        }
      }
      if (after > before) {
        REQUIRE(decision.verdict == Verdict::up);
        REQUIRE(after <= bench.scaling.max);
        REQUIRE(after - before <= std::max(4, before));
        rises.push_back({.target = after, .at = bench.now});
      }
    }
  }
}
