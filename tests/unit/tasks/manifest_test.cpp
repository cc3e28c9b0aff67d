// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/manifest.hpp"

#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace pecanctl::tasks {
namespace {

const std::string k_digest(64, 'a');

std::string whole(const std::string& more = {})
{
  return fmt::format(
      "pecan-task 1\nstate ok\nstep map\nexit 0\nsignal 0\noom 0\nlate 0\nseconds 3\nworker w-1\n"
      "file 12 {} output\n{}end\n",
      k_digest, more);
}

}  // namespace

TEST_CASE("tasks::parse_report: reads what harness.sh writes")
{
  const auto report = parse_report(whole(fmt::format("file 0 {} output/a b/c.csv\n", k_digest)));
  REQUIRE(report.has_value());
  CHECK(report->state == Report::State::ok);
  CHECK(report->worker == "w-1");
  CHECK(report->seconds == 3);
  REQUIRE(report->files.size() == 2);
  CHECK(report->files[0].size == 12);
  CHECK(report->files[1].name == "output/a b/c.csv");
}

TEST_CASE("tasks::parse_report: what is not whole, or leaves its folder, is none")
{
  CHECK(parse_report(whole()).has_value());
  const auto text = whole();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(parse_report(text.substr(0, size)).has_value());
  }
  for (const auto* more :
       {"file 1 abc output\n", "file x y\n", "what\n", "exit three\n", "oom 2\n"}) {
    CAPTURE(more);
    CHECK_FALSE(parse_report(whole(more)).has_value());
  }
  for (const auto* name : {"../x", "/etc/passwd", "a/../../b", "", "a//b"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_report(whole(fmt::format("file 1 {} {}\n", k_digest, name))).has_value());
  }
}

TEST_CASE("tasks::describe_end: exit, signal, memory and time")
{
  Report report{.step = "map", .exit = 3};
  CHECK(describe_end(report) == "map ended with exit status 3");
  report = {.step = "check", .exit = 137, .signal = 9, .is_out_of_memory = true};
  CHECK(describe_end(report) == "check ended by signal 9, out of memory");
  report = {.step = "map", .exit = 143, .signal = 15, .is_late = true};
  CHECK(describe_end(report) == "map ended by signal 15, longer than its timeout");
}

}  // namespace pecanctl::tasks
