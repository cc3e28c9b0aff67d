// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/sync_request.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;

TEST_CASE("cli::parse_sync_order: all that can be asked is understood")
{
  const auto order = cli::parse_sync_order(
      R"({"cmd":"sync","remotes":[1,2],"mode":"plan","policy":"strict","deadline_s":600})");
  CHECK(order.sites == std::vector<std::string>{"1", "2"});
  CHECK(order.is_plan);
  CHECK(order.policy == "strict");
  CHECK(order.deadline == std::chrono::minutes{10});
  const auto shortest = cli::parse_sync_order(R"({"cmd":"sync"})");
  CHECK(shortest.sites.empty());
  CHECK_FALSE(shortest.is_plan);
  CHECK_FALSE(shortest.deadline);
}

TEST_CASE("cli::parse_sync_order: whatever else is refused, and nothing is guessed")
{
  for (const auto* const text :
       {"", "[]", "{}", "x", R"({"cmd":"drop"})", R"({"cmd":"sync","mode":"do"})",
        R"({"cmd":"sync","remotes":1})", R"({"cmd":"sync","remotes":["1=http://x"]})",
        R"({"cmd":"sync","remotes":[-1]})", R"({"cmd":"sync","deadline_s":0})",
        R"({"cmd":"sync","deadline_s":"9"})", R"({"cmd":"sync","policy":"none"})",
        R"({"cmd":"sync","db":"bety"})", R"({"cmd":"sync"} {})"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_sync_order(text), Error);
  }
}
