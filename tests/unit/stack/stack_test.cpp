// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/stack/stack.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;
using Levels = std::vector<std::vector<std::string>>;

namespace {

stack::Service service(std::string name, std::vector<std::string> depends_on)
{
  stack::Service result;
  result.name = std::move(name);
  result.depends_on = std::move(depends_on);
  return result;
}

}  // namespace

TEST_CASE("is_valid_name: the rule, table")
{
  for (const auto* name :
       {"ab", "demo", "bu-test", "a1", "a--b", "abcdefghijklmnopqrstuvwxyz012345"}) {
    CAPTURE(name);
    CHECK(stack::is_valid_name(name));
  }
  for (const auto* name : {"", "a", "1a", "-a", "a-", "Demo", "a_b", "a.b", "a b", "pecanctl", "é",
                           "abcdefghijklmnopqrstuvwxyz0123456"}) {
    CAPTURE(name);
    CHECK_FALSE(stack::is_valid_name(name));
  }
}

TEST_CASE("dependency_levels: each service stands after what it needs")
{
  const auto levels =
      stack::dependency_levels({service("dalec", {"rabbitmq"}), service("postgres", {}),
                                service("web", {"postgres", "dalec"}), service("rabbitmq", {})});
  CHECK(levels == Levels{{"postgres", "rabbitmq"}, {"dalec"}, {"web"}});
  CHECK(stack::dependency_levels({}).empty());
}

TEST_CASE("dependency_levels: circles and unknown names are refused")
{
  const std::vector<stack::Service> circle{service("a", {"b"}), service("b", {"a"}),
                                           service("c", {})};
  CHECK_THROWS_WITH_AS(stack::dependency_levels(circle),
                       "cannot order the services: these wait for each other: a, b", Error);
  const std::vector<stack::Service> unknown{service("a", {"x"})};
  CHECK_THROWS_WITH_AS(stack::dependency_levels(unknown),
                       "cannot order service 'a': it depends on 'x', which does not exist", Error);
}

TEST_CASE("Stack::find_service: by name, or nothing")
{
  stack::Stack stack;
  stack.services = {service("a", {})};
  REQUIRE(stack.find_service("a") != nullptr);
  CHECK(stack.find_service("a")->name == "a");
  CHECK(stack.find_service("b") == nullptr);
}
