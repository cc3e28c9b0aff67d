// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/settings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/base/error.hpp"
#include "tests/support/diagnostics.hpp"

using namespace pecanctl;
using config::Key;
using config::Type;

namespace {

constexpr std::array k_setting_keys{
    Key{.path = "timeout", .type = Type::duration, .fallback = "5m"},
    Key{.path = "lock_wait", .type = Type::duration},
    Key{.path = "consul", .type = Type::map},
    Key{.path = "consul.address"},
};
const config::Schema k_settings{k_setting_keys};

config::Layer environment(const std::map<std::string, std::string, std::less<>>& values)
{
  return config::read_environment_layer(k_settings, [&](std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional{found->second};
  });
}

}  // namespace

TEST_CASE("Settings: the first who says something wins, and is named")
{
  const config::Layer flags{{"timeout", {"1m", "--timeout"}}};
  const auto variables =
      environment({{"PECANCTL_TIMEOUT", "2m"}, {"PECANCTL_CONSUL_ADDRESS", "http://a"}});
  const auto file = config::read_file_layer(k_settings, "/etc/pecanctl/config.yml",
                                            "lock_wait: 3m\nconsul: {address: http://b}\n");
  const config::Settings settings{k_settings, {flags, variables, file}};
  CHECK(settings.get("timeout").value == "1m");
  CHECK(settings.get("timeout").origin == "--timeout");
  CHECK(settings.get("consul.address").value == "http://a");
  CHECK(settings.get("consul.address").origin == "PECANCTL_CONSUL_ADDRESS");
  CHECK(settings.get("lock_wait").value == "3m");
  CHECK(settings.get("lock_wait").origin == "/etc/pecanctl/config.yml:1:12");
  const config::Settings defaults{k_settings, {}};
  CHECK(defaults.get("timeout").value == "5m");
  CHECK(defaults.get("timeout").origin == "default");
  CHECK(defaults.get("lock_wait").value.empty());
  CHECK_THROWS_AS(defaults.get("nothing"), Error);
}

TEST_CASE("Settings: mistakes are named where they are made")
{
  CHECK_THROWS_WITH_AS(environment({{"PECANCTL_TIMEOUT", "soon"}}),
                       "cannot use the environment variable PECANCTL_TIMEOUT: it must be a "
                       "duration such as 12h, not `soon`",
                       Error);
  CHECK(environment({{"PECANCTL_TIMEOUT", ""}}).empty());
  CHECK(test::diagnostics_of(
            [] { config::read_file_layer(k_settings, "c.yml", "timeuot: 1m\nlock_wait: x\n"); }) ==
        "c.yml:1:1: unknown key `timeuot` | did you mean `timeout`?\n"
        "c.yml:2:12: `lock_wait` must be a duration such as 12h, not `x`\n");
}
