// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/update.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;
using deployment::parse_release;

namespace {

stack::Stack released_stack(const std::string& release = "1.8.0")
{
  stack::Stack stack{.name = "demo", .release = release};
  const auto add = [&](const std::string& name, const std::string& image, bool is_optional) {
    stack.services.push_back(
        {.name = name, .image = {.reference = image}, .is_optional = is_optional});
  };
  add("postgres", "postgis/postgis:15-3.4", false);
  add("bety", "pecan/bety:latest", false);
  add("web", "pecan/web:" + release, false);
  add("executor", "pecan/executor:" + release, false);
  add("docs", "pecan/docs:" + release, true);
  return stack;
}

using TagMap = std::map<std::string, std::vector<std::string>>;

deployment::Update find_in(const TagMap& tags, const std::string& release = "1.8.0")
{
  return deployment::find_update(released_stack(release), [&](const std::string& repository) {
    const auto found = tags.find(repository);
    return found == tags.end() ? std::vector<std::string>{} : found->second;
  });
}

}  // namespace

TEST_CASE("deployment::parse_release: versions are numbers; pre-releases and names are none")
{
  const auto is_newer = [](std::string_view one, std::string_view other) {
    return *parse_release(one) > *parse_release(other);
  };
  CHECK(is_newer("1.10.0", "1.9.9"));
  CHECK(is_newer("2.0", "1.99.99"));
  CHECK(is_newer("v1.8.1", "1.8.0"));
  CHECK(is_newer("1.8.0.9000", "1.8.0"));
  CHECK(*parse_release("1.8") == *parse_release("1.8.0"));
  for (const auto* const tag : {"latest", "develop", "1.9.0-rc1", "1.9.0rc1", "1", "", "1.", ".1",
                                "1..2", "1.2.3.4.5", "vv1.2", "1.99999999999999999999999"}) {
    CAPTURE(tag);
    CHECK_FALSE(parse_release(tag).has_value());
  }
}

TEST_CASE("deployment::find_update: the newest release that all needed images have")
{
  const std::vector<std::string> all{"1.8.0", "1.9.0", "1.10.0", "1.11.0-rc1", "develop", "latest"};
  const auto update =
      find_in({{"pecan/web", all}, {"pecan/executor", all}, {"pecan/docs", {"1.9.0"}}});
  CHECK(update.current == "1.8.0");
  CHECK(update.newest == "1.10.0");
  CHECK(update.missing == std::vector<std::string>{"docs"});
  CHECK(update.incomplete.empty());
}

TEST_CASE("deployment::find_update: a release that is not published whole is passed over")
{
  const auto update = find_in({{"pecan/web", {"1.8.1", "1.9.0"}},
                               {"pecan/executor", {"1.8.1"}},
                               {"pecan/docs", {"1.8.1", "1.9.0"}}});
  CHECK(update.newest == "1.8.1");
  CHECK(update.incomplete == std::vector<std::string>{"1.9.0: pecan/executor"});
}

TEST_CASE("deployment::find_update: nothing newer, and what is no release")
{
  CHECK(find_in({{"pecan/web", {"1.8.0", "1.7.9"}}}).newest.empty());
  CHECK(find_in({}).newest.empty());
  CHECK_THROWS_AS(find_in({}, "develop"), Error);
}
