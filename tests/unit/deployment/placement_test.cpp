// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/placement.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pecanctl::deployment;

namespace {

constexpr std::uint64_t k_gib = std::uint64_t{1} << 30U;
constexpr Capacity k_machine{.memory = 32 * k_gib, .cpus = 4};

}  // namespace

TEST_CASE("deployment::explain_shortage: what fits is no matter, to the last byte and processor")
{
  const std::vector<Claim> claims{{.name = "ed2", .count = 4, .memory = 7 * k_gib, .cpus = 0.9},
                                  {.name = "postgres", .count = 1, .memory = 4 * k_gib},
                                  {.name = "dalec", .count = 500},
                                  {.name = "x", .count = 4, .cpus = 0.1}};
  CHECK_FALSE(explain_shortage(claims, k_machine).has_value());
}

TEST_CASE("deployment::explain_shortage: what does not is told with the arithmetic")
{
  const auto told = [](std::vector<Claim> claims) {
    return explain_shortage(claims, k_machine).value_or("");
  };
  CHECK(told({{.name = "ed2", .count = 4, .memory = 8 * k_gib},
              {.name = "postgres", .count = 1, .memory = 4 * k_gib}}) ==
        "ed2 4 x 8.0 GiB + postgres 4.0 GiB = 36.0 GiB of memory; the machine has 32.0 GiB");
  CHECK(told({{.name = "ed2", .count = 1, .memory = 64 * k_gib}}) ==
        "ed2 64.0 GiB of memory; the machine has 32.0 GiB");
  CHECK(told({{.name = "ed2", .count = 3, .cpus = 1.5}}) ==
        "ed2 3 x 1.5 = 4.5 processors; the machine has 4");
}

TEST_CASE("deployment::find_room: what the others leave")
{
  const std::vector<Claim> claims{{.name = "ed2", .count = 9, .memory = 8 * k_gib, .cpus = 1},
                                  {.name = "postgres", .count = 1, .memory = 4 * k_gib},
                                  {.name = "dalec", .count = 2}};
  CHECK(find_room("ed2", claims, k_machine) == 3);
  CHECK(find_room("dalec", claims, k_machine) == 1'000'000);
  CHECK(find_room("other", claims, k_machine) == 1'000'000);
}
