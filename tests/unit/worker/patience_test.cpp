// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/patience.hpp"

#include <doctest/doctest.h>

using namespace pecanctl::worker;
using namespace std::chrono_literals;

namespace {

struct Bench {
  bool has_network = true;
  bool is_connected = true;
  bool is_working = false;
  Patience patience{120s, [this] { return has_network; }};
  Patience::Clock::time_point now = Patience::Clock::time_point{} + 1h;

  // How long until it is over, looking each 500 ms; a day: never.
  std::chrono::milliseconds wait()
  {
    for (auto waited = 0ms; waited < 24h; waited += 500ms, now += 500ms) {
      if (patience.is_over(now, is_connected, is_working)) {
        return waited;
      }
    }
    return 24h;
  }
};

}  // namespace

TEST_CASE("worker::Patience: it lasts as long as there is a broker, or a job")
{
  Bench bench;
  CHECK(bench.wait() == 24h);
  bench.is_connected = false;
  bench.has_network = false;
  bench.is_working = true;
  CHECK(bench.wait() == 24h);
  bench.is_working = false;
  CHECK(bench.wait() == 5s);
}

TEST_CASE("worker::Patience: a broker that is away for long ends it")
{
  Bench bench;
  bench.is_connected = false;
  CHECK(bench.wait() == 120s);
}

TEST_CASE("worker::Patience: without a network it is short, whatever the connection looks like")
{
  Bench bench;
  CHECK_FALSE(bench.patience.is_over(bench.now, true, false));
  bench.has_network = false;
  CHECK(bench.wait() <= 7s);
}

TEST_CASE("worker::Patience: who never had a network but the loopback does not miss it")
{
  Patience patience{120s, [] { return false; }};
  const auto now = Patience::Clock::now();
  CHECK_FALSE(patience.is_over(now, true, false));
  CHECK_FALSE(patience.is_over(now + 1h, true, false));
}

TEST_CASE("worker::Patience: none was asked for")
{
  Patience patience{0s, [] { return false; }};
  CHECK_FALSE(patience.is_over(Patience::Clock::now() + 24h, false, false));
}
