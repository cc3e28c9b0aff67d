// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/register_site.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "tests/integration/registration/fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using registration::SitePlan;
using registration::SiteWish;

namespace {

SiteWish wish_of(const TestSite& site)
{
  return {.owner = site.name + "-owner",
          .instance = site.name,
          .host = site.name + ".example.org",
          .url = "https://example.org/bety.tar.gz",
          .contact = "me@example.org",
          .key = "key"};
}

SitePlan enrol(TestSite& site, const SiteWish& wish)
{
  return register_site(wish, site.ledger(), *site.database, soon(), {});
}

bool is_claimed(std::int64_t id)
{
  return connect_consul()->find(registration::claim_key(id), soon(), {}).has_value();
}

std::string next_model(TestSite& site)
{
  return site.ask("SELECT last_value + is_called::int FROM models_id_seq");
}

}  // namespace

TEST_CASE(
    "register_site: claims a number, writes the row, moves every sequence, and a second time "
    "nothing")
{
  TestSite site;
  const auto wish = wish_of(site);
  const auto id = enrol(site, wish).choice.id;
  CHECK(id >= 100);
  CHECK(is_claimed(id));
  const auto range = registration::range_of(id);
  CHECK(site.ask("SELECT concat_ws(' ', id, sync_host_id, sync_url, sync_contact, sync_start, "
                 "sync_end) FROM machines WHERE hostname = '" +
                 wish.host + "'") == std::to_string(range.first) + " " + std::to_string(id) +
                                         " https://example.org/bety.tar.gz me@example.org " +
                                         std::to_string(range.first) + " " +
                                         std::to_string(range.last));
  for (const std::string table : {"users", "modeltypes", "models", "dbfiles"}) {
    CHECK(site.ask("SELECT nextval('" + table + "_id_seq')") == std::to_string(range.first));
  }
  site.commits = 0;
  const std::string state =
      "SELECT concat_ws(' ', xmin, (SELECT last_value FROM users_id_seq)) FROM machines";
  const auto before = site.ask(state);
  CHECK(enrol(site, wish).is_empty());
  CHECK(site.commits == 0);
  CHECK(site.ask(state) == before);
}

TEST_CASE("register_site: two that race get two numbers")
{
  for (int round = 0; round < 5; ++round) {
    TestSite one;
    TestSite two;
    std::int64_t first = 0;
    std::int64_t second = 0;
    {
      const std::jthread other{[&] { second = enrol(two, wish_of(two)).choice.id; }};
      first = enrol(one, wish_of(one)).choice.id;
    }
    CHECK(first != second);
    CHECK(one.ask("SELECT sync_host_id FROM machines") == std::to_string(first));
    CHECK(two.ask("SELECT sync_host_id FROM machines") == std::to_string(second));
  }
}

TEST_CASE("register_site: when the database refuses, the claim is given back and no sequence moved")
{
  TestSite site;
  auto wish = wish_of(site);
  wish.id = 4711;
  site.run("ALTER TABLE machines ADD CONSTRAINT no_site CHECK (sync_host_id IS NULL)");
  const auto error = error_of([&] { enrol(site, wish); });
  CHECK(error.why.find("no_site") != std::string::npos);
  CHECK_FALSE(is_claimed(4711));
  CHECK(next_model(site) == "1");
  site.run("ALTER TABLE machines DROP CONSTRAINT no_site");
  CHECK(enrol(site, wish).choice.id == 4711);
}

TEST_CASE("register_site: a number that BETY knows of another host is respected")
{
  TestSite site;
  site.run(
      "INSERT INTO machines (hostname, sync_host_id, sync_contact) VALUES ('psql.bu.edu', 4712, "
      "'x@bu.edu')");
  auto wish = wish_of(site);
  wish.id = 4712;
  const auto error = error_of([&] { enrol(site, wish); });
  CHECK(error.code == ErrorCode::conflict);
  CHECK(error.why.find("psql.bu.edu, contact x@bu.edu") != std::string::npos);
  CHECK_FALSE(is_claimed(4712));
}

TEST_CASE("register_site: sequences go behind the rows that the range has")
{
  TestSite site;
  site.run("INSERT INTO modeltypes (id, name) VALUES (4713000000041, 'X')");
  auto wish = wish_of(site);
  wish.id = 4713;
  enrol(site, wish);
  CHECK(site.ask("SELECT nextval('modeltypes_id_seq')") == "4713000000042");
  // Used numbers stay used, whatever rows remain.
  site.run("DELETE FROM modeltypes");
  CHECK(enrol(site, wish).is_empty());
  CHECK(site.ask("SELECT nextval('modeltypes_id_seq')") == "4713000000043");
}

TEST_CASE(
    "register_site: a change of number is refused once there are rows, and can be insisted on")
{
  TestSite site;
  auto wish = wish_of(site);
  wish.id = 4714;
  enrol(site, wish);
  wish.id = 4715;
  CHECK(enrol(site, wish).choice.id == 4715);  // no rows yet but its own
  CHECK_FALSE(is_claimed(4714));
  CHECK(site.ask("SELECT id / 1000000000 FROM machines") == "4715");
  site.run("INSERT INTO modeltypes (name) VALUES ('X')");
  wish.id = 4716;
  const auto error = error_of([&] { enrol(site, wish); });
  CHECK(error.code == ErrorCode::unconfirmed);
  CHECK(error.why.find("1 in modeltypes") != std::string::npos);
  CHECK_FALSE(is_claimed(4716));
  wish.takes_over = true;
  CHECK(enrol(site, wish).kept == std::vector<registration::SiteId>{4715});
  CHECK(is_claimed(4715));  // its rows are still here
  CHECK(site.ask("SELECT sync_host_id FROM machines") == "4716");
  CHECK(site.ask("SELECT nextval('models_id_seq')") == "4716000000001");
  wish.takes_over = false;
  wish.id.reset();
  CHECK(enrol(site, wish).is_empty());
}

TEST_CASE("register_site: a claim that a killed command left is gone on with")
{
  TestSite site;
  auto wish = wish_of(site);
  const registration::Claim left{
      .id = 4717, .owner = wish.owner, .instance = wish.instance, .fqdn = wish.host, .since = "x"};
  REQUIRE(site.ledger().commit({{.kind = consul::Operation::Kind::cas,
                                 .key = registration::claim_key(4717),
                                 .value = render_claim(left)}},
                               soon(), {}));
  CHECK(enrol(site, wish).choice.id == 4717);
  CHECK(site.ask("SELECT sync_host_id FROM machines") == "4717");
}

TEST_CASE("register_site: an instance that is not held any more writes nothing")
{
  TestSite site;
  auto wish = wish_of(site);
  wish.id = 4718;
  for (const auto& session : site.index.client().list_sessions(soon(), {})) {
    if (session.name.find(site.name) != std::string::npos) {
      site.index.client().remove_session(session.id, soon(), {});
    }
  }
  CHECK(error_of([&] { enrol(site, wish); }).why.find("lost its claim") != std::string::npos);
  CHECK_FALSE(is_claimed(4718));
  CHECK(site.ask("SELECT count(*) FROM machines") == "0");
  site.index.acquire({.host = "test", .pid = 1}, soon(), {});
}

TEST_CASE("register_site: every sequence of the database moves, identity columns too")
{
  TestSite site;
  site.run(
      "CREATE TABLE extra (id bigserial, note text); "
      "CREATE TABLE \"Odd name\" (id bigint GENERATED BY DEFAULT AS IDENTITY)");
  auto wish = wish_of(site);
  wish.id = 4719;
  enrol(site, wish);
  CHECK(site.ask("INSERT INTO extra (note) VALUES ('x') RETURNING id") == "4719000000001");
  CHECK(site.ask("INSERT INTO \"Odd name\" DEFAULT VALUES RETURNING id") == "4719000000001");
}

TEST_CASE("release_site: forgets the number in the database, then gives it back")
{
  TestSite site;
  auto wish = wish_of(site);
  wish.id = 4720;
  enrol(site, wish);
  wish.id.reset();
  const auto plan = release_site(wish, site.ledger(), *site.database, soon(), {});
  CHECK(plan.choice.id == 4720);
  CHECK_FALSE(is_claimed(4720));
  CHECK(site.ask(
            "SELECT count(*) FROM machines WHERE sync_host_id IS NULL AND sync_start IS NULL AND "
            "sync_url IS NULL") == "1");
  CHECK(release_site(wish, site.ledger(), *site.database, soon(), {}).is_empty());
}
