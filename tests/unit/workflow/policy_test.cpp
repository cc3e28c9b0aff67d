// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/workflow/policy.hpp"
#include "core/workflow/record.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using workflow::HaltRule;
using workflow::JobEnd;

namespace {

bool halts(std::string_view rule, const workflow::RunTotals& totals)
{
  return workflow::is_reached(workflow::parse_halt(rule), totals);
}

}  // namespace

TEST_CASE("workflow::parse_halt: GNU parallel's grammar, and nothing else")
{
  CHECK(workflow::parse_halt("never") == HaltRule{});
  CHECK(workflow::parse_halt("now,fail=1") ==
        HaltRule{.when = HaltRule::When::now, .what = HaltRule::What::fail, .count = 1});
  CHECK(workflow::parse_halt("soon,done=12.5%") ==
        HaltRule{.when = HaltRule::When::soon, .what = HaltRule::What::done, .percent = 12.5});
  for (const auto* const bad :
       {"", "now", "later,fail=1", "now,fail", "now,fail=", "now,fail=0", "now,fail=x",
        "now,fail=101%", "now,fail=-3%", "now,fails=1", "now,fail=1,", "soon=1,fail"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(workflow::parse_halt(bad), Error);
  }
}

TEST_CASE("workflow::is_reached: numbers count, percentages are of all jobs and three at least")
{
  const workflow::RunTotals totals{.jobs = 100, .ok = 8, .failed = 4};
  CHECK_FALSE(halts("never", totals));
  CHECK(halts("now,fail=4", totals));
  CHECK_FALSE(halts("soon,fail=5", totals));
  CHECK(halts("soon,success=8", totals));
  CHECK(halts("soon,done=12", totals));
  CHECK(halts("soon,fail=4%", totals));
  CHECK(halts("soon,fail=3.1%", totals));
  CHECK_FALSE(halts("soon,fail=4.1%", totals));
  CHECK(halts("soon,done=12%", totals));
  CHECK_FALSE(halts("soon,done=13%", totals));
  CHECK_FALSE(halts("now,fail=1%", {.jobs = 100, .ok = 0, .failed = 2}));
  CHECK(halts("now,fail=1%", {.jobs = 100, .ok = 0, .failed = 3}));
  CHECK(halts("now,success=50%", {.jobs = 2, .ok = 2}));
}

TEST_CASE("workflow::RetryOn: it covers what it names")
{
  const auto rule = workflow::parse_retry_on("lost,timeout");
  CHECK(rule.covers(JobEnd::lost));
  CHECK(rule.covers(JobEnd::timeout));
  CHECK_FALSE(rule.covers(JobEnd::error));
  CHECK_FALSE(rule.covers(JobEnd::ok));
  CHECK_FALSE(workflow::RetryOn{}.covers(JobEnd::timeout));
  CHECK(workflow::render(rule) == "lost,timeout");
  for (const auto* const bad : {"", "lost,", "oom"}) {
    CHECK_THROWS_AS(workflow::parse_retry_on(bad), Error);
  }
}

TEST_CASE("workflow::RunTimes: a duration holds at once, a percentage after three jobs")
{
  workflow::RunTimes times;
  CHECK_FALSE(times.limit({}));
  CHECK(times.limit(workflow::parse_job_timeout("2h")) == 2h);
  const auto percent = workflow::parse_job_timeout("300%");
  for (const auto time : {10ms, 1000ms}) {
    times.add(time);
    CHECK_FALSE(times.limit(percent));
  }
  times.add(20ms);
  CHECK(times.limit(percent) == 60ms);
  for (const auto* const bad : {"", "0s", "-3%", "x", "%", "nan%"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(workflow::parse_job_timeout(bad), Error);
  }
}

TEST_CASE(
    "workflow::Record: a run's policy survives in its journal, and journals without one are read")
{
  const workflow::RunPolicy policy{.retry_on = workflow::parse_retry_on("timeout"),
                                   .job_timeout = workflow::parse_job_timeout("150%"),
                                   .halt = workflow::parse_halt("soon,fail=3%")};
  const workflow::Record record{.kind = workflow::Record::Kind::run,
                                .run = {.id = "r", .failed_before = 2, .policy = policy}};
  const auto read = workflow::parse_record(workflow::render_record(record));
  CHECK(read.run.policy == policy);
  CHECK(read.run.failed_before == 2);
  const auto old = workflow::parse_record(
      R"({"event":"run","version":1,"id":"r","model":"m","queue":"q","jobs":1,"retries":0,)"
      R"("already_done":0,"at":""})");
  CHECK(old.run.policy == workflow::RunPolicy{});
}
