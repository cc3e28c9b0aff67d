// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/workflow/joblog.hpp"
#include "core/workflow/result_folder.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using workflow::JobEnd;

namespace {

const std::chrono::system_clock::time_point k_ended{1'700'000'010s};

workflow::JobLogRow row_of(JobEnd end, const std::string& folder = "/data/e/1")
{
  return workflow::make_joblog_row({.number = 4,
                                    .folder = folder,
                                    .is_ok = end == JobEnd::ok,
                                    .end = end,
                                    .ran = 2500ms,
                                    .whole_output = "four"},
                                   "SIPNET_git", k_ended);
}

}  // namespace

TEST_CASE("workflow::render_joblog_row: GNU parallel's nine columns")
{
  CHECK(workflow::render_joblog_row(row_of(JobEnd::ok)) ==
        "5\tSIPNET_git\t1700000007.500\t     2.500\t23\t4\t0\t0\tcd /data/e/1 && ./job.sh\n");
  CHECK(split(workflow::render_joblog_header(), '\t').size() == 9);
}

TEST_CASE("workflow::make_joblog_row: an end is told by exit value and signal")
{
  CHECK(row_of(JobEnd::error).exit_value == 1);
  CHECK(row_of(JobEnd::lost).exit_value == -1);
  CHECK(row_of(JobEnd::lost).receive == 0);
  CHECK(row_of(JobEnd::timeout).signal == 15);
}

TEST_CASE("workflow::make_joblog_row: a folder's name cannot break the row")
{
  CHECK(row_of(JobEnd::ok, "/data/a b").command == "cd '/data/a b' && ./job.sh");
  CHECK(row_of(JobEnd::ok, "/data/it's").command == "cd '/data/it'\\''s' && ./job.sh");
  CHECK(split(workflow::render_joblog_row(row_of(JobEnd::ok, "/data/a\tb\nc")), '\t').size() == 9);
}

TEST_CASE("workflow::JobLog: the header once, rows appended")
{
  const test::TempDir dir;
  const auto path = dir.path() / "joblog";
  workflow::JobLog{path}.add(row_of(JobEnd::ok));
  workflow::JobLog{path}.add(row_of(JobEnd::error));
  const auto lines = split(read_file(path), '\n');
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with("Seq\tHost"));
  CHECK(lines[2].starts_with("5\t"));
  CHECK_THROWS_AS(workflow::JobLog{dir.path() / "absent" / "joblog"}, Error);
}

TEST_CASE("workflow::write_result: output, outcome and row; again replaces them")
{
  const test::TempDir dir;
  const auto folder = dir.path() / "site" / "A";
  workflow::write_result(folder, {.end = JobEnd::error, .whole_output = "bad\n"},
                         row_of(JobEnd::error));
  CHECK(read_file(folder / "stdout") == "bad\n");
  CHECK(read_file(folder / "outcome") == "error\n");
  workflow::write_result(folder, {.end = JobEnd::ok, .whole_output = "good\n"}, row_of(JobEnd::ok));
  CHECK(read_file(folder / "outcome") == "ok\n");
  CHECK(read_file(folder / "joblog.json").find("\"Exitval\":0") != std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator{folder}, {}) == 3);
}
