// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/consul/consul.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "tests/support/services.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using Kind = consul::Operation::Kind;
using Operations = std::vector<consul::Operation>;

namespace {

consul::Client connect()
{
  return consul::Client{
      http::make_curl_transport({.base_url = test::service("PECANCTL_TEST_CONSUL")})};
}

Deadline soon()
{
  return Deadline::in(10s);
}

// A prefix of its own, removed at the end of the scope.
class Prefix {
 public:
  Prefix() : name_{test::fresh_name() + "/"} {}

  Prefix(const Prefix&) = delete;
  Prefix& operator=(const Prefix&) = delete;

  ~Prefix() { connect().commit(Operations{{.kind = Kind::remove_tree, .key = name_}}, soon(), {}); }

  std::string operator/(const std::string& key) const { return name_ + key; }

  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace

TEST_CASE("consul: values of any bytes and keys of any letters come back")
{
  const Prefix prefix;
  auto client = connect();
  const std::string bytes{"\0\xff\n\"x", 5};
  const auto key = prefix / "a b/\xC3\xA9%2F?&#+";
  REQUIRE(
      client.commit(Operations{{.key = key, .value = bytes}, {.key = prefix / "z"}}, soon(), {}));
  const auto found = client.find(key, soon(), {});
  REQUIRE(found.has_value());
  CHECK(found->key == key);
  CHECK(found->value == bytes);
  CHECK(found->modify_index > 0);
  const auto all = client.list(prefix.name(), soon(), {});
  REQUIRE(all.size() == 2);
  CHECK(all[0].key == key);
  CHECK(all[1].value.empty());
  CHECK_FALSE(client.find(prefix / "a", soon(), {}).has_value());
}

TEST_CASE("consul: of two clients that check and set, exactly one wins")
{
  const Prefix prefix;
  constexpr int k_rounds = 25;
  for (int round = 0; round < k_rounds; ++round) {
    const auto key = prefix / std::to_string(round);
    std::atomic<int> wins{0};
    const auto race = [&](const std::string& who) {
      auto client = connect();
      if (client.commit(Operations{{.kind = Kind::cas, .key = key, .value = who, .index = 0}},
                        soon(), {})) {
        ++wins;
      }
    };
    {
      const std::jthread first{race, "first"};
      const std::jthread second{race, "second"};
    }
    CHECK(wins == 1);
  }
}

TEST_CASE("consul: a transaction whose check fails changes nothing")
{
  const Prefix prefix;
  auto client = connect();
  REQUIRE(client.commit(Operations{{.key = prefix / "a", .value = "1"}}, soon(), {}));
  const auto before = client.find(prefix / "a", soon(), {});
  const Operations stale{
      {.key = prefix / "b", .value = "2"},
      {.kind = Kind::check_index, .key = prefix / "a", .index = before->modify_index + 1},
      {.kind = Kind::remove, .key = prefix / "a"}};
  CHECK_FALSE(client.commit(stale, soon(), {}));
  CHECK(client.list(prefix.name(), soon(), {}).size() == 1);
}

TEST_CASE("consul: who lost the session cannot write any more")
{
  const Prefix prefix;
  auto client = connect();
  const auto session = client.create_session(prefix.name(), 10s, soon(), {});
  REQUIRE(client.commit(
      Operations{{.kind = Kind::lock, .key = prefix / "lock", .session = session}}, soon(), {}));
  const Operations fenced{{.kind = Kind::check_session, .key = prefix / "lock", .session = session},
                          {.key = prefix / "state", .value = "mine"}};
  CHECK(client.commit(fenced, soon(), {}));
  CHECK(client.find(prefix / "lock", soon(), {})->session == session);

  auto other = connect();
  const auto rival = other.create_session(prefix.name(), 10s, soon(), {});
  const Operations take{{.kind = Kind::lock, .key = prefix / "lock", .session = rival}};
  CHECK_FALSE(other.commit(take, soon(), {}));
  CHECK(other.remove_session(session, soon(), {}));
  CHECK(other.commit(take, soon(), {}));  // at once: there is no lock delay
  CHECK_FALSE(client.commit(fenced, soon(), {}));
  CHECK_FALSE(client.renew_session(session, soon(), {}));
  CHECK_FALSE(client.remove_session(session, soon(), {}));
  CHECK(other.commit(Operations{{.kind = Kind::unlock, .key = prefix / "lock", .session = rival}},
                     soon(), {}));
  CHECK(other.remove_session(rival, soon(), {}));
}

TEST_CASE("consul: a session that nobody renews ends within twice its time")
{
  const Prefix prefix;
  auto client = connect();
  const auto renewed = client.create_session(prefix.name() + "renewed", 10s, soon(), {});
  const auto session = client.create_session(prefix.name(), 10s, soon(), {});
  REQUIRE(client.commit(
      Operations{{.kind = Kind::lock, .key = prefix / "lock", .session = session}}, soon(), {}));
  const auto limit = Deadline::in(25s);
  while (!client.find(prefix / "lock", soon(), {})->session.empty()) {
    limit.check("waiting for the session to end");
    REQUIRE(client.renew_session(renewed, soon(), {}));
    pause_for(500ms, limit, {});
  }
  bool is_listed = false;
  for (const auto& one : client.list_sessions(soon(), {})) {
    CHECK(one.id != session);
    is_listed = is_listed ||
                (one.id == renewed && one.name == prefix.name() + "renewed" && !one.node.empty());
  }
  CHECK(is_listed);
  CHECK(client.remove_session(renewed, soon(), {}));
}

TEST_CASE("consul: services come and go")
{
  auto client = connect();
  const auto id = test::fresh_name();
  client.register_service({.id = id,
                           .name = "bety",
                           .address = "127.0.0.1",
                           .port = 9,
                           .tags = {"test"},
                           .meta = {{"instance", id}},
                           .check = consul::ServiceCheck{.http = "", .tcp = "127.0.0.1:9"}},
                          soon(), {});
  const auto ids = client.list_service_ids(soon(), {});
  CHECK(std::ranges::find(ids, id) != ids.end());
  CHECK(client.deregister_service(id, soon(), {}));
  CHECK_FALSE(client.deregister_service(id, soon(), {}));
}

TEST_CASE("consul: says whether it has a leader, and what it refuses")
{
  auto client = connect();
  CHECK(client.has_leader(soon(), {}));
  try {
    client.create_session("too short", 1s, soon(), {});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::failed);
    CHECK(error.info().why.find("TTL") != std::string::npos);
  }
}

TEST_CASE("consul: nobody there is unreachable")
{
  test::service("PECANCTL_TEST_CONSUL");
  consul::Client client{http::make_curl_transport({.base_url = "http://127.0.0.1:1"})};
  try {
    client.has_leader(soon(), {});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::unreachable);
  }
}

TEST_CASE("consul: a stop request wins over everything")
{
  auto client = connect();
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(client.has_leader(soon(), stop.get_token()), Cancelled);
}
