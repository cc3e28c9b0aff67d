// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/chunks.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/tasks/records.hpp"
#include "tests/support/temp_dir.hpp"

namespace pecanctl::tasks {
namespace {

using Texts = std::vector<std::string>;

Texts cut(const std::string& text, const RecordRule& rule, const RecordPacker::Size& size,
          std::size_t limit = 1000)
{
  std::istringstream stream{text};
  RecordReader reader{stream, rule, limit};
  RecordPacker packer{reader, size, limit};
  Texts chunks;
  while (auto chunk = packer.next()) {
    chunks.push_back(*chunk);
  }
  return chunks;
}

Texts cut_lines(const std::string& text, std::uint64_t count)
{
  return cut(text, {}, {.records = count});
}

Texts cut_bytes(const std::string& text, std::uint64_t bytes, const std::string& separator = "\n")
{
  return cut(text, {.separator = separator}, {.bytes = bytes});
}

Texts cut_rows(const std::string& text, std::uint64_t rows)
{
  return cut(text, {.csv_delimiter = ','}, {.records = rows, .has_header = true});
}

}  // namespace

TEST_CASE("tasks::RecordPacker: lines")
{
  CHECK(cut_lines("", 2).empty());
  CHECK(cut_lines("\n", 2) == Texts{"\n"});
  CHECK(cut_lines("a\nb\nc\n", 2) == Texts{"a\nb\n", "c\n"});
  CHECK(cut_lines("a\nb\nc", 2) == Texts{"a\nb\n", "c"});
  CHECK(cut_lines("a\nb\n", 2) == Texts{"a\nb\n"});
  CHECK(cut_lines("a\r\nb\r\n", 1) == Texts{"a\r\n", "b\r\n"});
  CHECK(cut_lines("a\n\n\nb\n", 3) == Texts{"a\n\n\n", "b\n"});
}

TEST_CASE("tasks::RecordPacker: bytes, on the borders of records")
{
  CHECK(cut_bytes("", 4).empty());
  CHECK(cut_bytes("aa\nbb\ncc\n", 6) == Texts{"aa\nbb\n", "cc\n"});
  CHECK(cut_bytes("aa\nbb\ncc\n", 5) == Texts{"aa\n", "bb\n", "cc\n"});
  CHECK(cut_bytes("a\nlonger than that\nb\n", 4) == Texts{"a\n", "longer than that\n", "b\n"});
  CHECK(cut_bytes("aa\nbb", 100) == Texts{"aa\nbb"});
  CHECK(cut_bytes("x//y//z", 4, "//") == Texts{"x//", "y//z"});
}

TEST_CASE("tasks::RecordPacker: a separator across the border of two blocks is one")
{
  const std::string record((std::size_t{256} << 10U) - 1, 'x');
  const auto chunks = cut(record + "//" + "y", {.separator = "//"}, {.records = 1}, 1 << 20);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].size() == record.size() + 2);
  CHECK(chunks[1] == "y");
}

TEST_CASE("tasks::RecordPacker: rows of CSV under their header")
{
  CHECK(cut_rows("", 2).empty());
  CHECK(cut_rows("a,b\n", 2).empty());
  CHECK(cut_rows("a,b", 2).empty());
  CHECK(cut_rows("a,b\n1,2\n3,4\n5,6", 2) == Texts{"a,b\n1,2\n3,4\n", "a,b\n5,6"});
  CHECK(cut_rows("a,b\r\n1,2\r\n\r\n3,4\r\n", 1) == Texts{"a,b\r\n1,2\r\n", "a,b\r\n3,4\r\n"});
  CHECK(cut_rows("a\n\"x\ny\"\nz\n", 1) == Texts{"a\n\"x\ny\"\n", "a\nz\n"});
  CHECK(cut_rows("a\n\"say \"\"yes\n\"\"\"\nz\n", 1) ==
        Texts{"a\n\"say \"\"yes\n\"\"\"\n", "a\nz\n"});
  CHECK(cut_rows("a,b\n5\" pipe,1\nz,2\n", 1) == Texts{"a,b\n5\" pipe,1\n", "a,b\nz,2\n"});
  CHECK_THROWS_AS(cut_rows("a\n\"open\nz\n", 1), Error);
}

TEST_CASE("tasks::RecordPacker: what is too large for a chunk is an error")
{
  CHECK_THROWS_AS(cut(std::string(2000, 'x'), {}, {.records = 1}), Error);
  CHECK_THROWS_AS(cut("a\n" + std::string(998, 'x') + "\nb\n", {}, {.records = 3}), Error);
}

TEST_CASE("tasks::open_chunks: a matrix is all combinations, the last column first")
{
  const Input input{
      .cut = Cut::matrix, .each = 3, .matrix = {{"site", {"a", "b,c"}}, {"rate", {"1", "2"}}}};
  const auto source = open_chunks(input, "/");
  CHECK(source->next()->files.front().content == "site,rate\na,1\na,2\n\"b,c\",1\n");
  CHECK(source->next()->files.front().content == "site,rate\n\"b,c\",2\n");
  CHECK_FALSE(source->next().has_value());
}

TEST_CASE("tasks::open_chunks: files by name, pattern and folder, each once, sorted")
{
  const test::TempDir folder;
  std::filesystem::create_directories(folder.path() / "docs/deep");
  for (const auto* name : {"b.txt", "a.txt", "docs/deep/c d.txt", "docs/e"}) {
    std::ofstream{folder.path() / name} << name;
  }
  const Input input{.cut = Cut::files, .each = 3, .files = {"*.txt", "docs", "a.txt"}};
  const auto source = open_chunks(input, folder.path());
  const auto first = source->next();
  REQUIRE(first->files.size() == 3);
  CHECK(first->files[0].path == "input/a.txt");
  CHECK(first->files[2].path == "input/docs/deep/c d.txt");
  CHECK(source->next()->files.front().content == "docs/e");
  CHECK_FALSE(source->next().has_value());
  CHECK_THROWS_AS(list_input_files({"absent*"}, folder.path()), Error);
  CHECK_THROWS_AS(list_input_files({"../x"}, folder.path()), Error);
  CHECK_THROWS_AS(list_input_files({"/etc/passwd"}, folder.path()), Error);
}

}  // namespace pecanctl::tasks
