// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/cancel.hpp"

#include <doctest/doctest.h>

#include <random>
#include <thread>

#include "core/base/error.hpp"
#include "core/base/retry.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;

TEST_CASE("pause_for: a stop ends it at once")
{
  std::stop_source source;
  const std::jthread stopper{[&] { source.request_stop(); }};
  CHECK_THROWS_AS(pause_for(1h, Deadline::never(), source.get_token()), Cancelled);
}

TEST_CASE("Deadline: over, left and sooner agree")
{
  CHECK(Deadline::in(0ms).is_over());
  CHECK(Deadline::in(0ms).left() == 0ms);
  CHECK_FALSE(Deadline::never().is_over());
  CHECK(Deadline::never().left_ms(500) == 500);
  CHECK(Deadline::never().sooner(0ms).is_over());
  CHECK_THROWS_AS(Deadline::in(0ms).check("waiting for a test"), Error);
}

TEST_CASE("next_delay: doubles, stays below the longest, keeps at least half")
{
  std::minstd_rand rng{7};
  const RetryPolicy policy{.first = 100ms, .longest = 1000ms};
  for (int attempt = 1; attempt < 40; ++attempt) {
    const auto full = std::min(policy.longest, policy.first * (1L << std::min(attempt - 1, 20)));
    const auto delay = next_delay(attempt, policy, rng);
    CHECK(delay >= full / 2);
    CHECK(delay <= full);
  }
}

TEST_CASE("retry_until: repeats what is transient, and nothing else")
{
  int calls = 0;
  const auto fail_twice = [&] {
    if (++calls < 3) {
      throw Error{{.code = ErrorCode::unreachable, .what = "cannot reach it"}};
    }
    return calls;
  };
  const RetryPolicy quick{.first = 1ms, .longest = 1ms};
  CHECK(retry_until(Deadline::never(), {}, quick, fail_twice) == 3);
  const auto refuse = [&]() -> int {
    ++calls;
    throw Error{{.code = ErrorCode::denied, .what = "no"}};
  };
  CHECK_THROWS_AS(retry_until(Deadline::never(), {}, quick, refuse), Error);
  CHECK(calls == 4);
}
