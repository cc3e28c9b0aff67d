// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/log_view.hpp"

#include <doctest/doctest.h>

using namespace pecanctl::cli;
using pecanctl::inspection::LogLine;

TEST_CASE("cli::make_visible: nothing in a line can drive a terminal")
{
  CHECK(make_visible("plain\tänd ü") == "plain\tänd ü");
  CHECK(make_visible("\x1b[2J\a\x7f") == "\\x1b[2J\\x07\\x7f");
  CHECK(make_visible("a\xc2\x9b"
                     "2J") == "a\\xc2\\x9b2J");
  CHECK(make_visible("\xff\xc3\xa4") == "\\xff\\xc3\\xa4");
}

TEST_CASE("cli::render_log_line: the label is padded, and bytes pass as they are off a terminal")
{
  const LogLine line{.source = {.id = "", .service = "dalec", .number = 2},
                     .time = "T",
                     .text =
                         "\x1b"
                         "x"};
  CHECK(render_log_line(line, {}, 9) == "dalec-2   | \x1bx\n");
  CHECK(render_log_line(line, {.is_terminal = true, .has_times = true}, 0) ==
        "dalec-2 | T \\x1bx\n");
  CHECK(render_log_line(line, {.has_color = true}, 0).find("dalec-2 |\x1b[0m") !=
        std::string::npos);
}

TEST_CASE("cli::render_log_line: a record survives every byte")
{
  LogLine line{.source = {.id = "", .service = "s", .number = 1},
               .time = "T",
               .text = "\xff\"\n",
               .is_stderr = true};
  CHECK(render_log_line(line, {.is_json = true}, 0) ==
        "{\"v\":1,\"type\":\"log\",\"service\":\"s\",\"number\":1,\"time\":\"T\",\"stream\":"
        "\"stderr\",\"line\":\"\xef\xbf\xbd\\\"\\n\"}\n");
  line.is_partial = true;
  CHECK(render_log_line(line, {.is_json = true}, 0).find("\"partial\":true") != std::string::npos);
}
