// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/document.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/diagnostics.hpp"

using namespace pecanctl;
using config::NodeKind;

namespace {

config::Node parse(const std::string& text)
{
  config::Diagnostics diagnostics{"in.yml", text};
  auto root = config::parse_document(text, diagnostics);
  diagnostics.throw_if_any();
  return root;
}

std::string mistakes_in(const std::string& text)
{
  return test::diagnostics_of([&] { parse(text); });
}

}  // namespace

TEST_CASE("parse_document: values come with their kind and place")
{
  const auto root = parse("a: 1\nb:\n  c: \"x\"\n  d: [y, ~]\ne:\n");
  REQUIRE(root.kind == NodeKind::map);
  REQUIRE(root.children.size() == 3);
  const auto* c = root.find_path("b.c");
  REQUIRE(c != nullptr);
  CHECK(c->scalar == "x");
  CHECK(c->was_quoted);
  CHECK(c->position == config::Position{3, 6});
  CHECK(c->key_position == config::Position{3, 3});
  CHECK_FALSE(root.find("a")->was_quoted);
  CHECK(root.find_path("b.d")->children.size() == 2);
  CHECK(root.find_path("b.d")->children[1].kind == NodeKind::null);
  CHECK(root.find("e")->kind == NodeKind::null);
  CHECK(root.find("e")->position == config::Position{5, 1});
  CHECK(root.find_path("b.x.y") == nullptr);
}

TEST_CASE("parse_document: columns count characters and a byte order mark is none")
{
  const auto root = parse("\xEF\xBB\xBF{ é: ü, x: 1 }\r\n");
  CHECK(root.find("x")->position == config::Position{1, 12});
}

TEST_CASE("parse_document: an empty text is null")
{
  CHECK(parse("").kind == NodeKind::null);
  CHECK(parse("# nothing\n").kind == NodeKind::null);
}

TEST_CASE("parse_document: what YAML allows and we do not is named with its place")
{
  struct Row {
    std::string text;
    std::string expected;
  };

  const Row rows[] = {
      {"a: 1\nb: 2\na: 3\n",
       "in.yml:3:1: duplicate key `a` (first at line 1) | keep one of them\n"},
      {"a: {x: 1, y: 2, x: 3}\n",
       "in.yml:1:17: duplicate key `x` (first at line 1) | keep one of them\n"},
      {"a: &x 1\nb: *x\n",
       "in.yml:1:4: anchors are not allowed | remove it\n"
       "in.yml:2:4: aliases are not allowed | write the value out\n"},
      {"a: !!str 1\nb: !mine 2\nc: ! 3\n",
       "in.yml:1:4: tags are not allowed | remove it: the key decides the type\n"
       "in.yml:2:4: tags are not allowed | remove it: the key decides the type\n"
       "in.yml:3:4: tags are not allowed | remove it: the key decides the type\n"},
      {"a: 1\n<<: {b: 2}\n", "in.yml:2:1: merge keys are not allowed | write the keys out\n"},
      {"a: 1\n---\nb: 2\n",
       "in.yml:2:1: a second document starts here | keep one document in the file\n"},
      {"? [a]\n: 1\n", "in.yml:1:3: a key must be a plain word\n"},
      {"host: \"abc\nport: 1\n",
       "in.yml:1:7: this quote is never closed | add the closing quote\n"},
      {"host: 'it''s\nport: 1\n",
       "in.yml:1:7: this quote is never closed | add the closing quote\n"},
      {"a:\n\tb: 1\n",
       "in.yml:2:3: illegal map value | YAML cannot be indented with tabs: use spaces\n"},
      {"a: ]\n", "in.yml:1:4: illegal flow end\n"},
      {"a: 1\nb: \xFF\n", "in.yml:2:1: not valid UTF-8 | save the file as UTF-8\n"},
      {std::string{"a: 1\nb: \0x\n", 11}, "in.yml:2:1: NUL byte | save the file as UTF-8\n"},
      {"a: 'it''s'\nb: \"a\\\"b\"\n", "none"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(mistakes_in(row.text) == row.expected);
  }
}

TEST_CASE("parse_document: an alias bomb is refused without being unfolded")
{
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}]\n", i, i - 1);
  }
  CHECK(mistakes_in(bomb).starts_with("in.yml:1:5: anchors are not allowed"));
}

TEST_CASE("parse_document: size, depth and number of values are bounded")
{
  CHECK(mistakes_in(std::string(1U << 20U, ' ') + "a") == "in.yml:0:0: larger than 1.0 MiB\n");
  CHECK(mistakes_in(std::string(64, '[') + std::string(64, ']')) == "none");
  CHECK(mistakes_in(std::string(65, '[') + std::string(65, ']')) ==
        "in.yml:1:65: nested deeper than 64 levels\n");
  CHECK(mistakes_in(std::string(100'000, '[')).find("nested deeper than 64 levels") !=
        std::string::npos);
  CHECK(mistakes_in(std::string(500'000, '[')) ==
        "in.yml:0:0: the file holds more than 100000 values\n");
  std::string many = "[";
  for (int i = 0; i < 100'001; ++i) {
    many += "1,";
  }
  CHECK(mistakes_in(many + "]") == "in.yml:1:200000: the file holds more than 100000 values\n");
}

TEST_CASE("parse_document: of very many mistakes twenty are shown and all counted")
{
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "a: 1\n";
  }
  try {
    parse(text);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(error.info().why == "29 mistakes, 20 of them shown");
    CHECK(error.info().diagnostics.size() == 20);
    CHECK(error.info().diagnostics[0].excerpt == "a: 1");
  }
}

TEST_CASE("Diagnostics: a name as long as the file is cut, between characters")
{
  config::Diagnostics diagnostics{"in.yml", std::string(5000, 'x')};
  std::string name = "x";
  while (name.size() < 5000) {
    name += "é";
  }
  diagnostics.add({1, 1}, name);
  try {
    diagnostics.throw_if_any();
    FAIL("not thrown");
  } catch (const Error& error) {
    const auto& message = error.info().diagnostics[0].message;
    CHECK(message == name.substr(0, 399) + "…");
    CHECK(error.info().diagnostics[0].excerpt.empty());
  }
}

TEST_CASE("Diagnostics: an excerpt cannot drive the terminal")
{
  const std::string text = "a: \x1b[31m\na: 2\r\n";
  config::Diagnostics diagnostics{"in.yml", text};
  diagnostics.add({1, 1}, "message \x1b[0m");
  diagnostics.add({2, 1}, "second");
  try {
    diagnostics.throw_if_any();
    FAIL("not thrown");
  } catch (const Error& error) {
    CHECK(error.info().diagnostics[0].excerpt == "a: \\x1b[31m");
    CHECK(error.info().diagnostics[0].message == "message \\x1b[0m");
    CHECK(error.info().diagnostics[1].excerpt == "a: 2");
  }
}
