// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/checks.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;
using namespace pecanctl::inspection;
using namespace pecanctl::inspection::checks;
using namespace std::chrono_literals;

TEST_CASE("inspection::judge_space: a nearly full disk is a warning, a full one a failure")
{
  constexpr std::uint64_t k_gib = std::uint64_t{1} << 30U;
  const auto judge = [](std::uint64_t free, std::uint64_t total) {
    return judge_space({{.what = "disk", .free = free, .total = total}}).verdict;
  };
  CHECK(judge(50 * k_gib, 100 * k_gib) == Verdict::good);
  CHECK(judge(8 * k_gib, 1000 * k_gib) == Verdict::bad);
  CHECK(judge(60 * k_gib, 1000 * k_gib) == Verdict::good);
  CHECK(judge(4 * k_gib, 100 * k_gib) == Verdict::warning);
  CHECK(judge(k_gib / 2, 100 * k_gib) == Verdict::bad);
  const auto files = judge_space({{.what = "disk",
                                   .free = 50 * k_gib,
                                   .total = 100 * k_gib,
                                   .free_files = 1,
                                   .total_files = 1000}});
  CHECK(files.verdict == Verdict::bad);
  CHECK(files.text.find("inodes") != std::string::npos);
}

TEST_CASE("inspection::judge_clocks: seconds are a warning, half a minute a failure, either way")
{
  const auto judge = [](std::chrono::milliseconds ahead) {
    return judge_clocks({{.whose = "Docker", .ahead = 0ms}, {.whose = "Consul", .ahead = ahead}});
  };
  CHECK(judge(500ms).verdict == Verdict::good);
  CHECK(judge(-10s).verdict == Verdict::warning);
  CHECK(judge(2min).verdict == Verdict::bad);
  CHECK(judge(-2min).text.find("Consul is 2m00s behind") != std::string::npos);
  CHECK_FALSE(judge(-2min).fix.empty());
}

TEST_CASE("inspection::count_pools: what overlaps a network or a route is not free")
{
  CHECK(count_pools({}, {}).total == 31);
  CHECK(count_pools({}, {}).free == 31);
  CHECK(count_pools({}, {"172.17.0.0/16", "192.168.0.0/20"}).free == 29);
  CHECK(count_pools({}, {"192.168.0.0/16"}).free == 15);
  CHECK(count_pools({}, {"172.16.0.0/12", "192.168.0.0/16"}).free == 0);
  CHECK(
      count_pools({{"10.0.0.0/16", 24}}, {"10.0.3.0/24", "10.0.3.128/25", "fd00::/64", ""}).free ==
      255);
  CHECK(count_pools({{"nonsense", 24}}, {}).total == 0);
}

TEST_CASE("inspection::parse_http_date: the form that servers send")
{
  const auto time = parse_http_date("Thu, 01 Jan 1970 00:01:00 GMT");
  REQUIRE(time);
  CHECK(time->time_since_epoch() == 60s);
  CHECK_FALSE(parse_http_date(""));
  CHECK_FALSE(parse_http_date("yesterday"));
}

TEST_CASE("inspection::combine: the worst speaks, each fix once")
{
  const auto all = combine({{.verdict = Verdict::warning, .text = "w", .fix = "x"},
                            {.verdict = Verdict::bad, .text = "a", .fix = "f"},
                            {.verdict = Verdict::bad, .text = "b", .fix = "f"}},
                           "fine");
  CHECK(all.verdict == Verdict::bad);
  CHECK(all.text == "a; b");
  CHECK(all.fix == "f");
  CHECK(combine({}, "fine").text == "fine");
}
