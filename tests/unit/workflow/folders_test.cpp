// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/workflow/outcome.hpp"
#include "core/workflow/retry.hpp"
#include "tests/unit/workflow/run_fixture.hpp"

using namespace pecanctl;
using test::RunFixture;

TEST_CASE("workflow::translate_folder: container and host paths and relative ones mean the same")
{
  const std::vector<std::string> host{"/srv/pecan/data/"};
  const std::optional<std::string> wanted{"workflows/w/run/1"};
  for (const auto* text :
       {"/data/workflows/w/run/1", "workflows/w/run/1", "/srv/pecan/data/workflows/w/run/1",
        "/data//workflows/./w/x/../run/1/"}) {
    CAPTURE(text);
    CHECK(workflow::translate_folder(text, host) == wanted);
  }
  for (const auto* text :
       {"/etc", "/data", "/database/x", "../x", "/data/../etc", "/srv/pecan/data2/x", "", "."}) {
    CAPTURE(text);
    CHECK_FALSE(workflow::translate_folder(text, host).has_value());
  }
}

TEST_CASE("workflow::find_candidates: every bad folder is told at once")
{
  RunFixture fixture;
  const auto good = fixture.make_folders(1);
  std::filesystem::create_directories(fixture.root / "empty");
  std::filesystem::create_symlink("/", fixture.root / "way-out");
  std::filesystem::create_symlink(fixture.root / good[0], fixture.root / "alias");
  const std::vector<std::string> folders{good[0],       "missing", "empty", "/etc",
                                         "way-out/etc", "alias",   "none/*"};
  try {
    fixture.begin(folders);
    FAIL("they are bad");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.info().diagnostics.size() == 6);
  }
  CHECK(fixture.store.list_open().empty());
  CHECK(fixture.broker.published.empty());
}

TEST_CASE("workflow::find_candidates: a pattern is expanded in /data and each folder taken once")
{
  RunFixture fixture;
  fixture.make_folders(3);
  const std::vector<std::string> texts{"workflows/*/run/*", "/data/workflows/w/run/2"};
  CHECK(workflow::find_candidates(*fixture.data, texts, {}, "q", Deadline::never(), {}).size() ==
        3);
}

TEST_CASE("workflow::job_key: it depends on queue and folder and job.sh")
{
  const auto key = workflow::job_key("q", "f", "s");
  CHECK(key == workflow::job_key("q", "f", "s"));
  CHECK(key != workflow::job_key("q", "f", "t"));
  CHECK(key != workflow::job_key("q", "g", "s"));
  CHECK(key != workflow::job_key("r", "f", "s"));
  CHECK(workflow::parse_key(workflow::render_key(key)) == key);
}

TEST_CASE("workflow::parse_outcome: two lines of which the last is the verdict")
{
  const auto parse = [](std::string text) {
    return workflow::parse_outcome({.text = std::move(text)});
  };
  CHECK(parse("b'MODEL FINISHED\\n'\nOK\n")->is_ok);
  CHECK(parse("b\"it's\"\nERROR\n")->output == "it's");
  CHECK(parse("b'a\\x41\\xc3\\xa9\\t\\\\'\nERROR\n")->output == "aA\xc3\xa9\t\\");
  CHECK(parse("Command not found\nERROR\n")->output == "Command not found");
  for (const auto* text : {"", "b''\n", "b''\nOK", "OK\n", "b''\nDONE\n", "a\nb\nOK\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse(text).has_value());
  }
  const auto cut = workflow::parse_outcome({.text = "end\\n'\nERROR\n", .is_whole = false});
  REQUIRE(cut);
  CHECK(cut->output == "end\n");
}

TEST_CASE("workflow::tail_of: the last lines without blank ones at the end")
{
  CHECK(workflow::tail_of("a\nb\nc\n\n", 2) == "b\nc");
  CHECK(workflow::tail_of("a", 10) == "a");
  CHECK(workflow::tail_of("a\nb", 2) == "a\nb");
  CHECK(workflow::tail_of("", 3).empty());
}

TEST_CASE("workflow::out_folder: only PEcAn's layout has one")
{
  CHECK(workflow::out_folder("workflows/w/run/1") ==
        std::optional<std::string>{"workflows/w/out/1"});
  CHECK(workflow::out_folder("run/1") == std::optional<std::string>{"out/1"});
  CHECK_FALSE(workflow::out_folder("workflows/rerun/1").has_value());
  CHECK_FALSE(workflow::out_folder("run").has_value());
}
