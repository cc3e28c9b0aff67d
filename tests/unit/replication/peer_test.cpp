// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/peer.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/replication/catalogue.hpp"

using namespace pecanctl::replication;

namespace {

const std::vector<MachineSite> k_machines{
    {.site = 0, .url = "https://ebi/bety.tar.gz", .first = 0, .last = 999'999'999},
    {.site = 1, .url = "http://bu/bety.tar.gz", .first = 1'000'000'001, .last = 1'999'999'999},
    {.site = 2, .url = "ftp://a:b@bnl/bety.tar.gz", .first = 7'000'000'000, .last = 7'000'000'009},
    {.site = 3, .url = ""}};

std::vector<std::int64_t> sites_of(const PeerWish& wish)
{
  std::vector<std::int64_t> sites;
  for (const auto& peer : choose_peers(wish, k_machines)) {
    sites.push_back(peer.site);
  }
  return sites;
}

pecanctl::ErrorCode refusal_of(const PeerWish& wish)
{
  try {
    choose_peers(wish, k_machines);
  } catch (const pecanctl::Error& error) {
    return error.code();
  }
  return pecanctl::ErrorCode::internal;
}

}  // namespace

TEST_CASE("replication::choose_peers: all with a URL, but for this site itself")
{
  CHECK(sites_of({}) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(sites_of({.own = 1}) == std::vector<std::int64_t>{0, 2});
  CHECK(sites_of({.except = {0}, .own = 1}) == std::vector<std::int64_t>{2});
  CHECK(sites_of({.only = {1}, .standard = {0, 2}}) == std::vector<std::int64_t>{1});
  CHECK(sites_of({.standard = {2}}) == std::vector<std::int64_t>{2});
  CHECK(sites_of({.named = {"1", "9=http://x/bety.tar.gz"}}) == std::vector<std::int64_t>{1, 9});
}

TEST_CASE("replication::choose_peers: what cannot be meant is refused")
{
  CHECK(refusal_of({.named = {"x"}}) == pecanctl::ErrorCode::usage);
  CHECK(refusal_of({.named = {"-1"}}) == pecanctl::ErrorCode::usage);
  CHECK(refusal_of({.named = {"1"}, .own = 1}) == pecanctl::ErrorCode::usage);
  CHECK(refusal_of({.named = {"1=file:///etc/passwd"}}) == pecanctl::ErrorCode::usage);
  CHECK(refusal_of({.named = {"3"}}) == pecanctl::ErrorCode::not_found);
}

TEST_CASE("replication::choose_peers: nobody's row can claim ids of another site")
{
  const auto peers = choose_peers({}, k_machines);
  CHECK(peers[1].block == IdBlock{1'000'000'001, 1'999'999'999});
  CHECK(peers[2].block == block_of(2));
}

TEST_CASE("replication::order_tables: parents come first, and a self reference is no cycle")
{
  std::map<std::string, Table> tables;
  tables["a"] = {.name = "a", .parents = {{.parent = "b"}, {.parent = "a"}}};
  tables["b"] = {.name = "b", .parents = {{.parent = "c"}, {.parent = "elsewhere"}}};
  tables["c"] = {.name = "c"};
  CHECK(order_tables(tables) == std::vector<std::string>{"c", "b", "a"});
}
