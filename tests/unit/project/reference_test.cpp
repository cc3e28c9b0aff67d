// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "core/project/key_reference.hpp"
#include "core/project/outline.hpp"

using namespace pecanctl;
using config::Key;
using config::Type;

TEST_CASE("project::describe_keys: what waits for something is left out, with all below it")
{
  constexpr std::array k_keys{
      Key{.path = "now", .description = "Here", .is_required = true},
      Key{.path = "later", .type = Type::map, .not_yet = "patience"},
      Key{.path = "later.below"},
      Key{.path = "a.*.n", .type = Type::integer, .fallback = "1", .minimum = 0, .maximum = 9},
      Key{.path = "c", .type = Type::choice, .choices = "x|y|z", .later_choices = "y"},
  };
  const auto keys = project::describe_keys(config::Schema{k_keys});
  REQUIRE(keys.size() == 3);
  CHECK((keys[0].path == "now" && keys[0].is_required && keys[0].meaning == "Here"));
  CHECK((keys[1].path == "a.NAME.n" && keys[1].type == "integer, 0 to 9"));
  CHECK(keys[1].fallback == "1");
  CHECK(keys[2].type == "x or z");
}

TEST_CASE("project::read_outline: finds the names of a file that has mistakes")
{
  const auto outline = project::read_outline(
      "name: demo\nbogus: 1\nmodels:\n  sipnet: {}\n  dalec: { replicas: x }\n"
      "services: { rstudio: off, postgres: {} }\nsync: { peers: [0, 2] }\n");
  CHECK(outline.name == "demo");
  CHECK(outline.models == std::vector<std::string>{"sipnet", "dalec"});
  CHECK(outline.services_off == std::vector<std::string>{"rstudio"});
  CHECK(outline.sites == std::vector<std::string>{"0", "2"});
}

TEST_CASE("project::read_outline: of what is no YAML nothing is known, and nothing thrown")
{
  for (const auto* text : {"", "models: {", "\xff\xfe", "- a\n- b", "models: 3"}) {
    CAPTURE(text);
    CHECK(project::read_outline(text).models.empty());
  }
}
