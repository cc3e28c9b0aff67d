// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/display_text.hpp"

#include <doctest/doctest.h>

using namespace pecanctl::cli::output;

TEST_CASE("display_width: counts cells, not bytes and not characters")
{
  CHECK(display_width("") == 0);
  CHECK(display_width("postgres") == 8);
  CHECK(display_width("Müller") == 6);
  CHECK(display_width("✔ …") == 3);
  CHECK(display_width("森林") == 4);
  CHECK(display_width("e\u0301") == 1);  // combining
  CHECK(display_width("🌲🌲") == 4);
  CHECK(display_width("a\u200Bb") == 2);  // zero width
}

TEST_CASE("one_line: nothing of it can drive a terminal")
{
  CHECK(one_line("a\nb\tc", true) == "a b c");
  CHECK(one_line("\x1b[31mred", true) == "\\x1b[31mred");
  CHECK(one_line("\u009b31m", true) == "\\x9b31m");  // CSI as one character
  CHECK(one_line("a\xff\xe2\x82 b", true) == "a??? b");
  CHECK(one_line("森x", true) == "森x");
  CHECK(one_line("森x", false) == "?x");
}

TEST_CASE("keep_front, keep_end: cut to cells, never through a character")
{
  CHECK(keep_front("sipnet", 6, "…") == "sipnet");
  CHECK(keep_front("sipnet-12", 6, "…") == "sipne…");
  CHECK(keep_end("sipnet-12", 6, "…") == "…et-12");
  CHECK(keep_front("森林森林", 6, "…") == "森林…");
  CHECK(keep_end("森林森林", 6, "...") == "...林");
  CHECK(keep_front("sipnet", 2, "...") == "si");
  CHECK(keep_end("sipnet", 2, "...") == "et");
  CHECK(keep_front("sipnet", 0, "…").empty());
  CHECK(keep_end("sipnet", -3, "…").empty());
}

TEST_CASE("wrap_text: breaks at blanks, and through words that are too long")
{
  CHECK(wrap_text("one two three", 7, 2) == std::vector<std::string>{"one two", "  three"});
  CHECK(wrap_text("abcdefgh", 4, 0) == std::vector<std::string>{"abcd", "efgh"});
  CHECK(wrap_text("", 4, 2) == std::vector<std::string>{""});
  for (int cells = 1; cells < 30; ++cells) {
    for (const auto& line :
         wrap_text("森林 is a wood of many-many-many 森林森林森林 trees", cells, 2)) {
      CHECK(display_width(line) <= std::max(cells, 4));  // one wide character has to go somewhere
    }
  }
}

TEST_CASE("with_ascii_signs: our signs only")
{
  CHECK(with_ascii_signs("✘ wald-Müller 1 → 4 …") == "FAIL wald-Müller 1 -> 4 ...");
}
