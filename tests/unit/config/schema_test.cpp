// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/schema.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/config/document.hpp"
#include "core/config/read.hpp"
#include "tests/support/diagnostics.hpp"

using namespace pecanctl;
using config::Key;
using config::Type;

namespace {

constexpr std::array k_keys{
    Key{.path = "name", .is_required = true},
    Key{.path = "count", .type = Type::integer, .fallback = "3", .minimum = 0, .maximum = 512},
    Key{.path = "share", .type = Type::number},
    Key{.path = "is_on", .type = Type::boolean},
    Key{.path = "memory", .type = Type::size},
    Key{.path = "wait", .type = Type::duration},
    Key{.path = "mode",
        .type = Type::choice,
        .choices = "auto|pull|swarm",
        .later_choices = "swarm"},
    Key{.path = "peers", .type = Type::list},
    Key{.path = "things", .type = Type::map},
    Key{.path = "things.*", .type = Type::map_or_off},
    Key{.path = "things.*.size", .type = Type::size, .fallback = "1MiB"},
    Key{.path = "open", .type = Type::map},
    Key{.path = "later", .type = Type::map, .not_yet = "sync"},
    Key{.path = "later.x"},
};
const config::Schema k_schema{k_keys};

std::string mistakes_by_table(const std::string& text)
{
  return test::diagnostics_of([&] {
    config::Diagnostics diagnostics{"in.yml", text};
    const auto root = config::parse_document(text, diagnostics);
    k_schema.check(root, diagnostics);
    diagnostics.throw_if_any();
  });
}

}  // namespace

TEST_CASE("Schema: a right file has no mistakes")
{
  CHECK(mistakes_by_table(
            "name: x\ncount: 512\nshare: 0.5\nis_on: off\nmemory: 8GiB\nwait: 1h30m\nmode: pull\n"
            "peers: [1, 2]\nthings: {a: off, b: {size: 2}, c: }\nopen: {any: {thing: 1}}\n") ==
        "none");
}

TEST_CASE("Schema: wrong types and values are named with their place")
{
  CHECK(mistakes_by_table(
            "name: [x]\ncount: two\nshare: \"0.5\"\nis_on: 7\nmemory: lots\nwait: 5\nmode: atuo\n"
            "peers: {a: 1}\nthings: {a: on, b: {size: }}\n") ==
        "in.yml:1:7: `name` must be a text, not a list\n"
        "in.yml:2:8: `count` must be a whole number, not `two`\n"
        "in.yml:3:8: `share` must be a number, not `0.5` | remove the quotes\n"
        "in.yml:4:8: `is_on` must be true or false, not `7`\n"
        "in.yml:5:9: `memory` must be a size such as 512MiB, not `lots`\n"
        "in.yml:6:7: `wait` must be a duration such as 12h, not `5`\n"
        "in.yml:7:7: `mode` must be one of auto, pull, swarm, not `atuo` | did you mean `auto`?\n"
        "in.yml:8:8: `peers` must be a list, not a map\n"
        "in.yml:9:13: `things.a` must be a map of keys, or off, not `on`\n"
        "in.yml:9:21: `things.b.size` has no value | give it a size such as 512MiB\n");
}

TEST_CASE("Schema: numbers are decimal and in range")
{
  CHECK(mistakes_by_table("name: x\ncount: 513\n") ==
        "in.yml:2:8: `count` must be between 0 and 512, not 513\n");
  CHECK(mistakes_by_table("name: x\ncount: 0x10\n") ==
        "in.yml:2:8: `count` must be a whole number, not `0x10`\n");
  CHECK(mistakes_by_table("name: x\ncount: 99999999999999999999\n") ==
        "in.yml:2:8: `count` must be a whole number, not `99999999999999999999`\n");
  CHECK(config::parse_integer("010") == 10);
}

TEST_CASE("Schema: unknown and missing keys, later work")
{
  CHECK(mistakes_by_table(
            "coutn: 2\nthings: {a: {siez: 1, qqqqqq: 2}}\nlater: {yyyyy: 1}\nmode: swarm\n") ==
        "in.yml:0:0: `name` is missing | add `name: …`\n"
        "in.yml:1:1: unknown key `coutn` | did you mean `count`?\n"
        "in.yml:2:14: unknown key `siez` in things.a | did you mean `size`?\n"
        "in.yml:2:23: unknown key `qqqqqq` in things.a | known keys: size\n"
        "in.yml:3:1: not yet: sync | remove `later`\n"
        "in.yml:3:9: unknown key `yyyyy` in later | known keys: x\n"
        "in.yml:4:7: not yet: `mode: swarm`\n");
  CHECK(mistakes_by_table("- a\n") == "in.yml:1:1: the file must be a map of keys\n");
}

TEST_CASE("Schema::fill_defaults: fills in what the file leaves out and nothing else")
{
  const std::string text = "name: x\nthings: {a: , b: {size: 2MiB}, c: off}\n";
  config::Diagnostics diagnostics{"in.yml", text};
  auto root = config::parse_document(text, diagnostics);
  k_schema.fill_defaults(root);
  CHECK(config::find_integer(root, "count") == 3);
  CHECK(root.find("count")->is_default);
  CHECK(config::find_size(*root.find_path("things.a"), "size") == 1U << 20U);
  CHECK(config::find_size(*root.find_path("things.b"), "size") == 2U << 20U);
  CHECK(root.find_path("things.c")->children.empty());
  CHECK(root.find("memory") == nullptr);
}
