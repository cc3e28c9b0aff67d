// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/report.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "core/base/error.hpp"
#include "tests/support/recorder.hpp"

using namespace pecanctl;

TEST_CASE("Step: reports how it ended by how it is left")
{
  test::Recorder recorder;
  {
    Step step{recorder, {.id = "a", .action = "create"}};
    step.set_detail("healthy");
  }
  CHECK_THROWS([&] {
    const Step step{recorder, {.id = "b", .action = "create"}};
    throw std::runtime_error{"no"};
  }());
  const auto finished = recorder.all<StepFinished>();
  REQUIRE(finished.size() == 2);
  CHECK(finished[0].outcome == StepOutcome::done);
  CHECK(finished[0].detail == "healthy");
  CHECK(finished[1].outcome == StepOutcome::failed);
}

TEST_CASE("Step: an outcome that was set holds, also when left by an exception")
{
  test::Recorder recorder;
  CHECK_THROWS([&] {
    Step step{recorder, {.id = "pull", .action = "pull"}};
    step.set_outcome(StepOutcome::skipped);  // there is another way
    throw std::runtime_error{"no registry"};
  }());
  CHECK(recorder.all<StepFinished>().at(0).outcome == StepOutcome::skipped);
}

TEST_CASE("with_context: adds a frame and lets the error through")
{
  try {
    with_context("while testing", [] { throw Error{{.what = "cannot a", .why = "b"}}; });
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.frames() == std::vector<std::string>{"while testing"});
    CHECK(std::string{error.what()} == "cannot a: b");
  }
}
