// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <string>

#include "core/base/error.hpp"
#include "core/registration/site.hpp"

using namespace pecanctl;
using namespace pecanctl::registration;

namespace {

const SiteWish k_wish{
    .owner = "me", .instance = "demo", .host = "a.org", .contact = "me@a.org", .key = "key-1"};
const std::string k_now = "2026-11-20T05:50:01Z";

Claim foreign_claim(SiteId id)
{
  return {.id = id,
          .owner = "them",
          .instance = "bu",
          .fqdn = "b.org",
          .contact = "them@b.org",
          .since = k_now,
          .index = 7};
}

Claim own_claim(SiteId id)
{
  return {.id = id,
          .owner = "me",
          .instance = "demo",
          .fqdn = "a.org",
          .contact = "me@a.org",
          .since = k_now,
          .key = "key-1",
          .index = 8};
}

MachineRow own_row(SiteId id)
{
  return {.row = id * 1'000'000'000 + 1,
          .hostname = "a.org",
          .site = id,
          .contact = "me@a.org",
          .first = range_of(id).first,
          .last = range_of(id).last};
}

SiteWish wish_for(SiteId id)
{
  auto wish = k_wish;
  wish.id = id;
  return wish;
}

ErrorInfo choosing_fails(const SiteWish& wish, const SitePicture& picture)
{
  try {
    choose_site(wish, picture);
  } catch (const Error& error) {
    return error.info();
  }
  return {.what = "no error"};
}

}  // namespace

TEST_CASE("range_of: begins at N·10⁹+1 and ends before the next site's")
{
  CHECK(range_of(7).first == 7'000'000'001);
  CHECK(range_of(7).last == 7'999'999'999);
  CHECK(site_of(range_of(7).first) == 7);
  CHECK(site_of(range_of(7).last) == 7);
  CHECK(site_of(7'000'000'000) == 7);
}

TEST_CASE("choose_site: auto takes the lowest from 100 that neither Consul nor BETY has given out")
{
  CHECK(choose_site(k_wish, {}).id == 100);
  const SitePicture picture{
      .claims = {foreign_claim(100), foreign_claim(102)},
      .machines = {{.row = 1, .hostname = "c.org", .site = 101}, {.row = 2, .hostname = "d.org"}}};
  CHECK(choose_site(k_wish, picture).id == 103);
}

TEST_CASE("choose_site: auto stays with the number that the site has")
{
  CHECK(choose_site(k_wish, {.claims = {own_claim(7)}}).id == 7);
  CHECK(choose_site(k_wish, {.machines = {own_row(5)}}).id == 5);  // Consul lost its data
  // Killed between a new claim and the database: the database says what is true.
  CHECK(
      choose_site(k_wish, {.claims = {own_claim(7), own_claim(9)}, .machines = {own_row(9)}}).id ==
      9);
}

TEST_CASE("choose_site: a number of somebody else is refused with who has it")
{
  const auto claimed = choosing_fails(wish_for(7), {.claims = {foreign_claim(7)}});
  CHECK(claimed.code == ErrorCode::conflict);
  CHECK(claimed.why.find("instance bu of b.org, contact them@b.org") != std::string::npos);
  const auto in_bety = choosing_fails(
      wish_for(1),
      {.machines = {
           {.row = 1, .hostname = "psql-pecan.bu.edu", .site = 1, .contact = "x@bu.edu"}}});
  CHECK(in_bety.code == ErrorCode::conflict);
  CHECK(in_bety.why.find("psql-pecan.bu.edu, contact x@bu.edu") != std::string::npos);
  CHECK(choosing_fails(wish_for(3), {.claims = {{.id = 3, .index = 1}}}).why.find("cannot read") !=
        std::string::npos);
}

TEST_CASE("choose_site: 98 and 99 are reserved")
{
  CHECK(choosing_fails(wish_for(98), {}).code == ErrorCode::usage);
  CHECK(choosing_fails(wish_for(99), {}).code == ErrorCode::usage);
  CHECK(choose_site(wish_for(97), {}).id == 97);
}

TEST_CASE("choose_site: a host is one site, unless it takes over its own former identity")
{
  auto rebuilt = foreign_claim(7);
  rebuilt.fqdn = "a.org";
  const auto refused = choosing_fails(k_wish, {.claims = {rebuilt}});
  CHECK(refused.code == ErrorCode::conflict);
  CHECK(refused.hint.find("--take-over") != std::string::npos);
  auto wish = k_wish;
  wish.takes_over = true;
  CHECK(choose_site(wish, {.claims = {rebuilt}}).id == 7);
  // But never the number of another host.
  wish.id = 8;
  CHECK(choosing_fails(wish, {.claims = {rebuilt, foreign_claim(8)}}).code == ErrorCode::conflict);
}

TEST_CASE("check_change: a site with rows keeps its number until told otherwise")
{
  const SitePicture picture{.claims = {own_claim(7)}, .rows = {{7, {{"models", 3}}}}};
  auto wish = wish_for(9);
  const auto choice = choose_site(wish, picture);
  CHECK(choice.changes());
  CHECK_THROWS_AS(check_change(wish, picture, choice), Error);
  wish.takes_over = true;
  check_change(wish, picture, choice);
  // Its rows keep their ids, so nobody else may get that number.
  CHECK(plan_site(wish, picture, choice, {}, k_now).kept == std::vector<SiteId>{7});
  wish.takes_over = false;
  const SitePicture empty{.claims = {own_claim(7)}, .rows = {{7, {}}}};
  check_change(wish, empty, choice);
  CHECK(plan_site(wish, empty, choice, {}, k_now).given_back.size() == 1);
}

TEST_CASE("check_change: the numbers of the sequences count as the site's, PEcAn's defaults do not")
{
  const auto old_of = [](SiteId numbered) {
    return choose_site(k_wish, {.numbered = numbered}).old;
  };
  CHECK(old_of(5) == 5);
  CHECK_FALSE(old_of(0).has_value());
  CHECK_FALSE(old_of(98).has_value());
  CHECK_FALSE(old_of(99).has_value());
}

TEST_CASE("plan_site: what is so already changes nothing")
{
  const SitePicture picture{.claims = {own_claim(7)}, .machines = {own_row(7)}};
  const auto plan = plan_site(
      k_wish, picture, choose_site(k_wish, picture),
      {{.name = "s", .table = "t", .next = 7'000'000'005, .highest = 7'000'000'004}}, k_now);
  CHECK(plan.is_empty());
  CHECK(describe(plan).empty());
}

TEST_CASE("plan_site: a new key keeps the old one as the previous")
{
  auto wish = k_wish;
  wish.key = "key-2";
  const SitePicture picture{.claims = {own_claim(7)}, .machines = {own_row(7)}};
  const auto plan = plan_site(wish, picture, choose_site(wish, picture), {}, "later");
  REQUIRE(plan.claim.has_value());
  CHECK(plan.claim->key == "key-2");
  CHECK(plan.claim->previous_key == "key-1");
  CHECK(plan.claim->since == k_now);
  CHECK(plan.claim->index == 8);
  CHECK_FALSE(plan.machine.has_value());
}

TEST_CASE("next_in_range: into the range, behind its highest id, and never backwards in it")
{
  const auto range = range_of(7);
  const auto next = [&](std::int64_t now, std::optional<std::int64_t> highest) {
    return next_in_range({.next = now, .highest = highest}, range).value_or(-1);
  };
  CHECK(next(1, std::nullopt) == 7'000'000'001);
  CHECK(next(99'000'000'001, std::nullopt) == 7'000'000'001);
  CHECK(next(1, 7'000'000'041) == 7'000'000'042);
  CHECK(next(7'000'000'010, 7'000'000'041) == 7'000'000'042);
  CHECK(next(7'000'000'100, 7'000'000'041) == -1);
  CHECK(next(7'000'000'100, std::nullopt) == -1);
}

TEST_CASE("plan_release: ours only")
{
  const SitePicture picture{.claims = {own_claim(7), foreign_claim(8)}, .machines = {own_row(7)}};
  const auto plan = plan_release(k_wish, picture);
  REQUIRE(plan.given_back.size() == 1);
  CHECK(plan.given_back[0].id == 7);
  REQUIRE(plan.cleared.size() == 1);
  CHECK_FALSE(plan.cleared[0].site.has_value());
  CHECK(plan_release(k_wish, {}).is_empty());
  CHECK_THROWS_AS(plan_release(wish_for(8), picture), Error);
  CHECK_THROWS_AS(plan_release(wish_for(9), picture), Error);
}

TEST_CASE("parse_claim: what render_claim wrote, and foreign text is a claim of nobody we know")
{
  auto claim = own_claim(7);
  claim.previous_key = "key-0";
  CHECK(render_claim(parse_claim(7, render_claim(claim), 8)) == render_claim(claim));
  for (const auto* text : {"", "[]", "{\"owner\": 7}", "not json"}) {
    CHECK(parse_claim(7, text, 1).owner.empty());
  }
}
