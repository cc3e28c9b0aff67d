// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/render.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"
#include "core/config/expand.hpp"

using namespace pecanctl;
using config::Key;
using config::Type;

namespace {

constexpr std::array k_rendered_keys{
    Key{.path = "name", .is_required = true},
    Key{.path = "count", .type = Type::integer, .fallback = "3", .minimum = 1, .maximum = 9},
    Key{.path = "models", .type = Type::map},
    Key{.path = "models.*", .type = Type::map_or_off},
    Key{.path = "models.*.version"},
    Key{.path = "later", .not_yet = "later"},
    Key{.path = "peers", .type = Type::list},
};
const config::Schema k_rendered{k_rendered_keys};

config::Node parse_yaml(const std::string& text)
{
  config::Diagnostics diagnostics{"file", text};
  auto root = config::parse_document(text, diagnostics);
  config::expand_variables(
      root, [](std::string_view) { return std::optional<std::string>{"value"}; }, diagnostics);
  diagnostics.throw_if_any();
  return root;
}

}  // namespace

TEST_CASE("config::render_yaml: parses to the same values, whatever is in them")
{
  for (const std::string value :
       {"plain", "\"1\"", "\"on\"", "\"null\"", "'a: b # c'", R"("quo\"te \\ back")",
        "\"$$HOME $${X}\"", "\"a\\nb\\t\\x01\"", "'${VAR}'", "\"ü ‹x›\"", "12h", "-1", "\"\"",
        "\"- a\"", "'*a'"}) {
    const auto first =
        parse_yaml("name: " + value + "\nmodels: { a.b: { version: " + value + " } }\n");
    const auto text = config::render_yaml(first);
    CAPTURE(text);
    const auto second = parse_yaml(text);
    CHECK(second.find("name")->scalar == first.find("name")->scalar);
    CHECK(second.find("models")->children.front().children.front().scalar ==
          first.find("name")->scalar);
    CHECK(config::render_yaml(second) == text);
  }
}

TEST_CASE("config::list_origins: places, variables, defaults and who else")
{
  auto root = parse_yaml("name: ${X}\npeers: [1, b]\n");
  k_rendered.fill_defaults(root);
  config::set_value(root, "models.a.version", "2", "--flag");
  std::string text;
  for (const auto& one : config::list_origins(root, "f.yml")) {
    text += one.key + "=" + one.value + " " + one.origin + "\n";
  }
  CHECK(text ==
        "name=value f.yml:1:7, from X\n"
        "peers=1, b f.yml:2:8\n"
        "count=3 default\n"
        "models.a.version=2 --flag\n");
}

TEST_CASE("config::render_json: numbers and switches have their type")
{
  const auto root = parse_yaml("name: 12\ncount: 2\nmodels: { a: off, b: {} }\npeers: [1]\n");
  CHECK(config::render_json(root, k_rendered) ==
        R"({"name":"12","count":2,"models":{"a":false,"b":{}},"peers":["1"]})");
}

TEST_CASE("config::render_json_schema: what is not yet there is left out")
{
  const auto text = config::render_json_schema(k_rendered, "urn:x", "x");
  CHECK(text.find("\"later\"") == std::string::npos);
  CHECK(text.find("\"maximum\": 9") != std::string::npos);
  CHECK(text.find("https://json-schema.org/draft/2020-12/schema") != std::string::npos);
}
