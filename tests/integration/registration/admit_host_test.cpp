// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/admit_host.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "tests/integration/registration/fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::test;

namespace {

registration::Admission admit(TestSite& site, const std::string& host, const Secret& secret = {})
{
  return admit_host({.host = host, .secret = secret}, site.ledger(), *site.database, soon(), {});
}

std::string claim_of(std::int64_t id)
{
  return connect_consul()->find(registration::claim_key(id), soon(), {})->value;
}

}  // namespace

TEST_CASE("admit_host: a new host gets a number, a row with its whole range and a secret")
{
  TestSite site;
  const auto host = site.name + ".a.example.org";
  const auto before = site.ask("SELECT nextval('users_id_seq')");
  const auto got = admit(site, host);
  CHECK(got.is_new);
  CHECK(got.id >= 100);
  CHECK(got.secret.reveal().size() >= 40);
  const auto range = registration::range_of(got.id);
  CHECK(site.ask("SELECT concat_ws(' ', sync_host_id, sync_start, sync_end) FROM machines WHERE "
                 "hostname = '" +
                 host + "'") == std::to_string(got.id) + " " + std::to_string(range.first) + " " +
                                    std::to_string(range.last));
  CHECK(std::stoll(site.ask("SELECT nextval('users_id_seq')")) == std::stoll(before) + 1);
  const auto claim = claim_of(got.id);
  CHECK(claim.find(got.secret.reveal()) == std::string::npos);
  CHECK(claim.find(sha256_hex(got.secret.reveal())) != std::string::npos);
}

TEST_CASE("admit_host: a known host gets its number again with its secret, and only so")
{
  TestSite site;
  const auto host = site.name + ".b.example.org";
  const auto got = admit(site, host);
  const auto again = admit(site, host, got.secret);
  CHECK(again.id == got.id);
  CHECK(again.secret == got.secret);
  CHECK_FALSE(again.is_new);
  for (const auto& secret : {Secret{}, Secret{"guess"}, Secret{sha256_hex(got.secret.reveal())}}) {
    CHECK_THROWS_WITH_AS(admit(site, host, secret), doctest::Contains("Invalid client_sceret"),
                         Error);
  }
}

TEST_CASE("admit_host: who registered otherwise is not handed out")
{
  TestSite site;
  const auto host = site.name + ".c.example.org";
  site.run("INSERT INTO machines (hostname, sync_host_id) VALUES ('" + host + "', 5)");
  CHECK_THROWS_AS(admit(site, host), Error);
}

TEST_CASE("admit_host: two at once get two numbers")
{
  TestSite one;
  TestSite other;
  registration::Admission first;
  registration::Admission second;
  {
    const std::jthread a{[&] { first = admit(one, one.name + ".d.example.org"); }};
    const std::jthread b{[&] { second = admit(other, other.name + ".d.example.org"); }};
  }
  CHECK(first.is_new);
  CHECK(second.is_new);
  CHECK(first.id != second.id);
}
