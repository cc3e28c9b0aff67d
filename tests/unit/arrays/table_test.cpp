// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/arrays/runs_file.hpp"
#include "core/arrays/table.hpp"

using namespace pecanctl;
using arrays::Table;

namespace {

std::vector<std::string> row_of(const Table& table, std::size_t row)
{
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    cells.emplace_back(table.cell(row, i));
  }
  return cells;
}

// "line:column message" of each mistake.
std::vector<std::string> mistakes_in(std::string_view text, std::string_view name = "sites.csv")
{
  std::vector<std::string> places;
  try {
    arrays::parse_table(text, name);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    for (const auto& found : error.info().diagnostics) {
      places.push_back(std::to_string(found.line) + ":" + std::to_string(found.column) + " " +
                       found.message);
    }
  }
  return places;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("arrays::parse_table: fields may be quoted, and hold separators, quotes and line ends")
{
  const auto table = arrays::parse_table(
      "\xEF\xBB\xBFsite,\"start\"\r\n\"Niwot, \"\"Ridge\"\"\",2001\r\n\r\nHarvard,\"20\n02\"",
      "s.csv");
  CHECK(table.columns() == Words{"site", "start"});
  REQUIRE(table.size() == 2);
  CHECK(row_of(table, 0) == Words{"Niwot, \"Ridge\"", "2001"});
  CHECK(row_of(table, 1) == Words{"Harvard", "20\n02"});
  CHECK(table.line(0) == 2);
  CHECK(table.line(1) == 4);
}

TEST_CASE("arrays::parse_table: the extension or the header says what separates")
{
  CHECK(arrays::parse_table("a,b\tc\n1,2\t3\n", "x.tsv").columns() == Words{"a,b", "c"});
  CHECK(arrays::parse_table("a,b\tc\n1,2\t3\n", "x.csv").columns() == Words{"a", "b\tc"});
  CHECK(arrays::parse_table("a,b\tc\n1,2\t3\n", "list").columns() == Words{"a,b", "c"});
  CHECK(arrays::parse_table("a,b\n1,\n", "list").cell(0, 1).empty());
  CHECK(arrays::parse_table("a\n", "list").size() == 0);
}

TEST_CASE("arrays::parse_table: every mistake is told with its place")
{
  CHECK(mistakes_in("") == Words{"1:1 it has no header"});
  CHECK(mistakes_in("a,b\n1\n2,3,4\n") == Words{"2:1 the row has 1 fields, and the header 2",
                                                "3:5 the row has 3 fields, and the header 2"});
  CHECK(mistakes_in("a,,a,x/y\n1,2,3,4\n") == Words{"1:3 '' cannot be the name of a column",
                                                    "1:4 there are two columns 'a'",
                                                    "1:6 'x/y' cannot be the name of a column"});
  CHECK(mistakes_in("a\nx\"y\n") == Words{"2:2 a quotation mark in the middle of a field"});
  CHECK(mistakes_in("a\n\"x\"y\n") == Words{"2:4 text after the closing quotation mark"});
  CHECK(mistakes_in("a\nok\n\"x\n") == Words{"3:1 the quotation mark is never closed"});
  CHECK(mistakes_in("a\n\xff\n") == Words{"1:1 it is not UTF-8"});
}

TEST_CASE("arrays::multiply: every row beside every value, in order; columns only once")
{
  const auto rows = arrays::parse_table("site,year\nA,1\nB,2\n", "s.csv");
  const auto table = arrays::multiply(rows, arrays::parse_axis("pft=x,y"));
  CHECK(table.columns() == Words{"site", "year", "pft"});
  REQUIRE(table.size() == 4);
  CHECK(row_of(table, 1) == Words{"A", "1", "y"});
  CHECK(row_of(table, 2) == Words{"B", "2", "x"});
  CHECK(table.line(3) == 3);
  CHECK_THROWS_AS(arrays::multiply(rows, arrays::parse_axis("site=x")), Error);
  Table many{"many", {"a"}};
  Table others{"others", {"b"}};
  for (int i = 0; i < 1001; ++i) {
    many.add({"1"}, 0);
    others.add({"2"}, 0);
  }
  CHECK_THROWS_AS(arrays::multiply(many, others), Error);
}

TEST_CASE("arrays::parse_axis: what is no NAME=VALUE,... is refused")
{
  CHECK(arrays::parse_axis("k=a=b,c").cell(0, 0) == "a=b");
  for (const auto* const bad : {"", "k", "=a", "k=", "k=a,,b", "#=1", "{x}=1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(arrays::parse_axis(bad), Error);
  }
}

TEST_CASE("arrays::parse_runs_file: ids stand for folders beside runs.txt")
{
  CHECK(arrays::parse_runs_file("99000000001\r\nENS-00001-76\n\n",
                                "/data/workflows/w/run/runs.txt") ==
        Words{"/data/workflows/w/run/99000000001", "/data/workflows/w/run/ENS-00001-76"});
  CHECK(arrays::parse_runs_file("1", "runs.txt") == Words{"1"});
  for (const auto* const bad : {"", "\n", "..", "a/b", "1 2", "*"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(arrays::parse_runs_file(bad, "runs.txt"), Error);
  }
}
