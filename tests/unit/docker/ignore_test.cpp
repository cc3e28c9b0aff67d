// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/ignore.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace pecanctl;

namespace {

struct IgnoreCase {
  std::string rules;
  std::vector<std::string> out;
  std::vector<std::string> in;
};

// As moby's own tests of its patternmatcher have it.
const std::vector<IgnoreCase> k_ignore_cases{
    {"", {}, {"a", "a/b"}},
    {"# comment\n\n  \n#a\n", {}, {"a", "#a"}},
    {"a", {"a", "a/b", "a/b/c"}, {"b/a", "ab"}},
    {"/a/", {"a", "a/b"}, {"b/a"}},
    {"./a/../b", {"b"}, {"a"}},
    {"*", {"a", "a/b", ".x"}, {"Dockerfile", ".dockerignore"}},
    {"*.o", {"x.o", ".o", "x.o/y"}, {"a/x.o", "x.oo"}},
    {"*/*.o", {"a/x.o"}, {"x.o", "a/b/x.o"}},
    {"**/*.o", {"x.o", "a/x.o", "a/b/x.o"}, {"x.c"}},
    {"**", {"a", "a/b"}, {}},
    {"a/**", {"a/b", "a/b/c"}, {"a", "b"}},
    {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"a/x", "b"}},
    {"a?c", {"abc"}, {"ac", "a/c", "abbc"}},
    {"[a-c]x", {"ax", "cx"}, {"dx", "x"}},
    {"[^a-c]x", {"dx"}, {"ax"}},
    {"[]x]", {"]", "x"}, {"y"}},
    {"\\*", {"*"}, {"a"}},
    {"*.md\n!README.md", {"a.md"}, {"README.md"}},
    {"*.md\n!README*.md\nREADME-secret.md", {"a.md", "README-secret.md"}, {"README-x.md"}},
    {"!README.md\n*.md", {"README.md"}, {}},
    {"docs\n!docs/api", {"docs", "docs/x"}, {"docs/api", "docs/api/y"}},
    {"! docs\r\n", {}, {"docs"}},
    {"\xEF\xBB\xBFx", {"x"}, {}},
};

}  // namespace

TEST_CASE("docker::IgnoreRules: what a .dockerignore leaves out is what Docker leaves out")
{
  for (const auto& each : k_ignore_cases) {
    const docker::IgnoreRules rules{each.rules};
    for (const auto& path : each.out) {
      CAPTURE(each.rules);
      CAPTURE(path);
      CHECK(rules.leaves_out(path));
    }
    for (const auto& path : each.in) {
      CAPTURE(each.rules);
      CAPTURE(path);
      CHECK_FALSE(rules.leaves_out(path));
    }
  }
}

TEST_CASE("docker::IgnoreRules: an exception may bring something of a folder back")
{
  CHECK(docker::IgnoreRules{"a\n!a/b"}.takes_back());
  CHECK_FALSE(docker::IgnoreRules{"a"}.takes_back());
}
