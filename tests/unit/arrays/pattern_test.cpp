// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/arrays/pattern.hpp"
#include "core/arrays/result_path.hpp"

using namespace pecanctl;

namespace {

const arrays::Table& sites()
{
  static const auto table = arrays::parse_table("site,pft\nA,x\nB,\nA,x\n", "sites.csv");
  return table;
}

std::vector<std::string> expand(const std::vector<std::string>& words,
                                const arrays::Table& table = sites())
{
  std::vector<std::string> expanded;
  for (auto& folder : arrays::expand_words(words, table).folders) {
    expanded.push_back(std::move(folder.word));
  }
  return expanded;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("arrays::expand_words: rows times words, in the order of the rows")
{
  CHECK(expand({"e/{site}/{#}", "f/{#}"}) == Words{"e/A/1", "f/1", "e/B/2", "f/2", "e/A/3", "f/3"});
  CHECK(expand({"plain"}) == Words{"plain", "plain", "plain"});
  CHECK(expand({"a{b", "}"}).front() == "a{b");
}

TEST_CASE("arrays::expand_words: what is named again is counted")
{
  const auto expansion = arrays::expand_words(Words{"e/{site}"}, sites());
  CHECK(expansion.folders.size() == 3);
  CHECK(expansion.repeated == 1);
  CHECK(expansion.folders[2].row == 2);
}

TEST_CASE("arrays::expand_words: an unknown column and an empty value are refused")
{
  try {
    expand({"e/{sites}"});
    FAIL("there is no such column");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::usage);
    CHECK(error.info().hint == "did you mean `site`?");
  }
  try {
    expand({"e/{site}/{pft}"});
    FAIL("it is empty in row 2");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.info().why == "sites.csv:3: the column 'pft' is empty");
  }
}

TEST_CASE("arrays::fill_in: only columns are replaced, and nothing of the shell's")
{
  CHECK(arrays::fill_in(R"({"site": "{site}", "n": {#}} ${site} {other} {)", sites(), 1) ==
        R"({"site": "B", "n": 2} ${site} {other} {)");
  CHECK(arrays::fill_in("[{pft}]", sites(), 1) == "[]");
}

TEST_CASE("arrays::result_path: columns and values, and no way out of the folder")
{
  const auto table = arrays::parse_table("site,p\nUS/NR1,..\nA b,\n", "x.csv");
  CHECK(arrays::result_path(table, 0) == "site/US%2FNR1/p/%2E%2E");
  CHECK(arrays::result_path(table, 1) == "site/A%20b/p/%");
  CHECK(arrays::result_path("workflows/w/1") == "workflows/w/1");
}
