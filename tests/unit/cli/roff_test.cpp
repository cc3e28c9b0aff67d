// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/roff.hpp"

#include <doctest/doctest.h>

using pecanctl::cli::escape_roff;
using pecanctl::cli::RoffPage;

TEST_CASE("cli::escape_roff: nothing of a text is markup")
{
  CHECK(escape_roff("--json") == "\\-\\-json");
  CHECK(escape_roff("a\\b 'c' ~ ^ `d`") == "a\\eb \\(aqc\\(aq \\(ti \\(ha \\(gad\\(ga");
  CHECK(escape_roff("DIR… ✔ 𝛼") == "DIR\\[u2026] \\[u2714] \\[u1D6FC]");
}

TEST_CASE("cli::RoffPage: a line that begins like a request is none")
{
  RoffPage page{"x", "1", "2026-11-20", "x 1"};
  page.heading("A");
  page.example(".gitignore\n'quoted'");
  CHECK(page.text().find("\n\\&.gitignore\n\\(aqquoted") != std::string::npos);
}

TEST_CASE("cli::RoffPage: backquotes make bold")
{
  RoffPage page{"x", "1", "2026-11-20", "x 1"};
  page.heading("A");
  page.paragraph("see `--json` there");
  CHECK(page.text().ends_with(".SH A\nsee \\fB\\-\\-json\\fR there\n"));
}
