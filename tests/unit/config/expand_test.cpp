// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/expand.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "core/config/document.hpp"
#include "tests/support/diagnostics.hpp"

using namespace pecanctl;

namespace {

std::optional<std::string> look_up(std::string_view name)
{
  const std::map<std::string, std::string, std::less<>> values{
      {"HOST", "pecan.bu.edu"}, {"EMPTY", ""}, {"BAD", "\xFF"}, {"DOLLAR", "${HOST}"}, {"N", "2"}};
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional{found->second};
}

config::Node expand(const std::string& text)
{
  config::Diagnostics diagnostics{"in.yml", text};
  auto root = config::parse_document(text, diagnostics);
  config::expand_variables(root, look_up, diagnostics);
  diagnostics.throw_if_any();
  return root;
}

}  // namespace

TEST_CASE("expand_variables: each form gives what a shell would")
{
  struct Row {
    std::string text;
    std::string expected;
  };

  const Row rows[] = {
      {"plain", "plain"},
      {"${HOST}", "pecan.bu.edu"},
      {"http://${HOST}:${N}/", "http://pecan.bu.edu:2/"},
      {"x${EMPTY}y", "xy"},
      {"${EMPTY:-other}", "other"},
      {"${NONE:-}x", "x"},
      {"${NONE:-a:-b}", "a:-b"},
      {"${HOST:-other}", "pecan.bu.edu"},
      {"${HOST:?why}", "pecan.bu.edu"},
      {"$${HOST}", "${HOST}"},
      {"$HOST $", "$HOST $"},
      {"${DOLLAR}", "${HOST}"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    CHECK(expand("a: \"" + row.text + "\"\n").find("a")->scalar == row.expected);
  }
}

TEST_CASE("expand_variables: what came from a variable is not quoted and can be a number")
{
  CHECK_FALSE(expand("a: \"${N}\"\n").find("a")->was_quoted);
  CHECK(expand("a: \"$$N\"\n").find("a")->was_quoted);
}

TEST_CASE("expand_variables: an unset or malformed variable is an error with its own place")
{
  const auto mistakes = test::diagnostics_of([] {
    expand(
        "a: http://${NONE}/${NOPE:?say where}\nb: [\"x ${EMPTY:?}\"]\nc: ${1X}\nd: ${HOST\ne: "
        "${BAD}\nf: ${HOST-x}\n");
  });
  CHECK(mistakes ==
        "in.yml:1:11: NONE is not set | set it, or write ${NONE:-default}\n"
        "in.yml:1:19: NOPE is not set: say where\n"
        "in.yml:2:8: EMPTY is not set | set it, or write ${EMPTY:-default}\n"
        "in.yml:3:4: `${1X}` is not a variable | write ${VAR}, ${VAR:-default} or ${VAR:?why}; a "
        "plain dollar "
        "sign is $$\n"
        "in.yml:4:4: `${HOST` is not a variable | write ${VAR}, ${VAR:-default} or ${VAR:?why}; a "
        "plain dollar "
        "sign is $$\n"
        "in.yml:5:4: the value of BAD is not valid UTF-8\n"
        "in.yml:6:4: `${HOST-x}` is not a variable | write ${VAR}, ${VAR:-default} or ${VAR:?why}; "
        "a plain "
        "dollar sign is $$\n");
}

TEST_CASE("expand_variables: keys stay as they are")
{
  CHECK(expand("\"${HOST}\": 1\n").find("${HOST}") != nullptr);
}
