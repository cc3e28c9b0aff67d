// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/dialect.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl::replication;

namespace {

// The rows of `text`, given in pieces of `size` bytes.
std::vector<std::string> rows_of(std::string_view text, std::size_t size)
{
  RowReader reader{[text, size]() mutable {
    const auto piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    return piece;
  }};
  std::vector<std::string> rows;
  while (const auto row = reader.next()) {
    rows.emplace_back(row->text);
  }
  return rows;
}

std::string error_in(std::string_view text)
{
  try {
    rows_of(text, 3);
  } catch (const pecanctl::Error& error) {
    return error.info().why;
  }
  return "none";
}

}  // namespace

TEST_CASE(
    "replication::RowReader: only a newline outside of quotes ends a row, wherever blocks end")
{
  const std::string text = "1\ta\\\n2\t\"x\ny\"\n3\t\"\\\"\n\\\\\"\t\"\\\n4\"\n5\t\\N\n";
  const std::vector<std::string> expected{"1\ta\\", "2\t\"x\ny\"", "3\t\"\\\"\n\\\\\"\t\"\\\n4\"",
                                          "5\t\\N"};
  for (std::size_t size = 1; size <= text.size(); ++size) {
    CHECK(rows_of(text, size) == expected);
  }
}

TEST_CASE("replication::RowReader: a last row without its newline is cut off")
{
  CHECK(error_in("1\ta\n2\tb") == "row 2 is cut off");
  CHECK(error_in("1\t\"a\n") == "row 1 is cut off");
  CHECK(rows_of("", 1).empty());
}

TEST_CASE("replication::RowReader: fields are counted outside of quotes")
{
  RowReader reader{[text = std::string_view{"1\t\"a\tb\"\t\n"}]() mutable {
    return std::exchange(text, std::string_view{});
  }};
  CHECK(reader.next()->fields == 3);
}

TEST_CASE("replication::parse_row: what PostgreSQL writes for each value comes back")
{
  struct Sample {
    Field value;
    std::string text;
  };

  const std::vector<Sample> samples{{std::nullopt, "\\N"},
                                    {"", ""},
                                    {"\\N", "\"\\\\N\""},
                                    {"a\\b", "a\\b"},
                                    {"a\tb", "\"a\tb\""},
                                    {"a\nb", "\"a\nb\""},
                                    {"a\rb", "\"a\rb\""},
                                    {"\"", "\"\\\"\""},
                                    {"a\"\\", "\"a\\\"\\\\\""},
                                    {"{\"a\": 1}", "\"{\\\"a\\\": 1}\""},
                                    {"\\.", "\\."},
                                    {"\xC3\xBC", "\xC3\xBC"}};
  for (const auto& sample : samples) {
    CAPTURE(sample.text);
    CHECK(parse_row("1\t" + sample.text) == std::vector<Field>{"1", sample.value});
    std::string text;
    append_row(text, {"1", sample.value});
    CHECK(text == "1\t" + sample.text);
  }
}

TEST_CASE("replication::raw_field: fields are found behind quoted ones")
{
  CHECK(raw_field("\"a\tb\"\t7\t", 1) == "7");
  CHECK(raw_field("\"a\tb\"\t7\t", 2).empty());
  CHECK(raw_field("x", 3).empty());
}
