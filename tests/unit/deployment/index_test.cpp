// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/index.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "tests/support/recorder.hpp"
#include "tests/support/scripted_consul.hpp"

using namespace pecanctl;
using deployment::Index;

namespace {

const auto k_soon = Deadline::never();

struct IndexLab {
  Index::Connect connect()
  {
    return [this] { return consul.connect(); };
  }

  static deployment::Holder holder(const std::string& host, int pid)
  {
    return {.host = host, .pid = pid, .user = "ann", .command = "deploy", .since = "now"};
  }

  static deployment::Publication publication()
  {
    return {.owner = "owner",
            .host = "here",
            .ip = "10.0.0.1",
            .release = "1.8.0",
            .revision = 1,
            .by = "ann",
            .replicas = {{"dalec", 2}},
            .endpoints = {{"postgres:5432", "127.0.0.1:4000"}}};
  }

  test::ScriptedConsul consul;
};

ErrorCode code_of(const std::function<void()>& work)
{
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("deployment::Index: a claim lasts as long as the object")
{
  IndexLab lab;
  {
    Index index{lab.connect(), "demo"};
    index.acquire(IndexLab::holder("here", 1), k_soon, {});
    CHECK(lab.consul.keys.at("pecan/instances/demo/lock").session == "session-1");
  }
  CHECK(lab.consul.sessions.empty());
}

TEST_CASE("deployment::Index: a claim of another machine is a conflict that names it")
{
  IndexLab lab;
  Index first{lab.connect(), "demo"};
  first.acquire(IndexLab::holder("there", 7), k_soon, {});
  Index second{lab.connect(), "demo"};
  try {
    second.acquire(IndexLab::holder("here", 8), k_soon, {});
    FAIL("no conflict");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::conflict);
    CHECK(error.info().why == "held by `pecanctl deploy` of ann on there (pid 7) since now");
  }
  CHECK(lab.consul.sessions.size() == 1);  // the loser left none
  Index other{lab.connect(), "demo2"};
  other.acquire(IndexLab::holder("here", 9), k_soon, {});
}

TEST_CASE("deployment::Index: a job of an instance is claimed beside the whole, by one at a time")
{
  IndexLab lab;
  Index scaler{lab.connect(), "demo", "scaler"};
  scaler.acquire(IndexLab::holder("here", 7), k_soon, {});
  Index whole{lab.connect(), "demo"};
  whole.acquire(IndexLab::holder("here", 7), k_soon, {});  // the same process
  CHECK(lab.consul.sessions.size() == 2);
  CHECK(lab.consul.keys.at("pecan/instances/demo/scaler").session == "session-1");
  Index second{lab.connect(), "demo", "scaler"};
  CHECK(code_of([&] { second.acquire(IndexLab::holder("there", 8), k_soon, {}); }) ==
        ErrorCode::conflict);
  CHECK(scaler.try_commit({{.kind = consul::Operation::Kind::set, .key = "x", .value = "y"}},
                          k_soon, {}));
}

TEST_CASE("deployment::Index: a claim of a dead process of this machine is taken over")
{
  IndexLab lab;
  lab.consul.sessions = {{"dead", "pecanctl demo here 7"}, {"other", "pecanctl demo2 here 7"}};
  lab.consul.keys["pecan/instances/demo/lock"] = {"old", "dead"};
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 8), k_soon, {});
  CHECK_FALSE(lab.consul.sessions.contains("dead"));
  CHECK(lab.consul.sessions.contains("other"));
}

TEST_CASE(
    "deployment::Index: a claim of a living process is respected, whatever its host is called")
{
  IndexLab lab;
  // Two machines of one name that share no lock folder.
  const auto alive = fmt::format("pecanctl demo here {}", ::getpid());
  lab.consul.sessions = {{"alive", alive}};
  lab.consul.keys["pecan/instances/demo/lock"] = {"held", "alive"};
  Index index{lab.connect(), "demo"};
  CHECK(code_of([&] { index.acquire(IndexLab::holder("here", 8), k_soon, {}); }) ==
        ErrorCode::conflict);
  CHECK(lab.consul.sessions.contains("alive"));
}

TEST_CASE("deployment::Index: one that waits gets the claim when it ends, and says that it waits")
{
  IndexLab lab;
  auto first = std::make_unique<Index>(lab.connect(), "demo");
  first->acquire(IndexLab::holder("there", 7), k_soon, {});
  test::Recorder events;
  Index second{lab.connect(), "demo"};
  CHECK(code_of([&] {
          second.acquire(IndexLab::holder("here", 8), std::chrono::milliseconds{1}, events, k_soon,
                         {});
        }) == ErrorCode::conflict);
  CHECK(events.all<Note>().front().text.find("there (pid 7)") != std::string::npos);
  first.reset();
  second.acquire(IndexLab::holder("here", 8), std::chrono::seconds{9}, events, k_soon, {});
  CHECK(lab.consul.sessions.size() == 1);
}

TEST_CASE("deployment::Index: whoever lost the claim cannot write")
{
  IndexLab lab;
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 1), k_soon, {});
  lab.consul.end_session("session-1");
  CHECK(code_of([&] { index.publish(IndexLab::publication(), k_soon, {}); }) ==
        ErrorCode::conflict);
  CHECK(code_of([&] {
          index.remember_scales({{"dalec", {.replicas = 3}}}, k_soon, {});
        }) == ErrorCode::conflict);
  CHECK(lab.consul.keys.size() == 1);
}

TEST_CASE("deployment::Index: publishing writes what differs and nothing the second time")
{
  IndexLab lab;
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 1), k_soon, {});
  auto publication = IndexLab::publication();
  CHECK(index.publish(publication, k_soon, {}));
  CHECK(lab.consul.keys.at("instance/demo/ip").text == "10.0.0.1");
  CHECK(lab.consul.keys.at("pecan/instances/demo/endpoints").text ==
        R"({"postgres:5432":"127.0.0.1:4000"})");
  CHECK(lab.consul.keys.contains("pecan/instances/demo/history/000001"));
  lab.consul.writes.clear();
  CHECK_FALSE(index.publish(publication, k_soon, {}));
  CHECK(lab.consul.writes.empty());
  publication.ip = "10.0.0.2";
  CHECK(index.publish(publication, k_soon, {}));
  CHECK(lab.consul.writes ==
        std::vector<std::string>{"instance/demo/ip", "pecan/instances/demo/history/000001"});
}

TEST_CASE("deployment::Index: scales are remembered, and foreign text among them is skipped")
{
  IndexLab lab;
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 1), k_soon, {});
  index.remember_scales({{"dalec", {.replicas = 3, .by = "ann", .at = "now"}}}, k_soon, {});
  const std::string prefix = "pecan/instances/demo/scale/";
  lab.consul.keys[prefix + "a"] = {"what?", {}};
  lab.consul.keys[prefix + "b"] = {R"({"replicas": "many"})", {}};
  lab.consul.keys[prefix + "c"] = {R"({"replicas": 1, "by": 7})", {}};
  lab.consul.keys[prefix + "d"] = {R"({"replicas": 99999999999})", {}};
  const auto scales = index.list_scales(k_soon, {});
  REQUIRE(scales.size() == 2);
  CHECK(scales.at("dalec").replicas == 3);
  CHECK(scales.at("dalec").by == "ann");
  CHECK(scales.at("d").replicas == 512);
}

TEST_CASE("deployment::Index: removing takes every key of this instance and of no other")
{
  IndexLab lab;
  lab.consul.keys["pecan/instances/demo2/meta"] = {"x", {}};
  lab.consul.keys["instance/demo2/ip"] = {"x", {}};
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 1), k_soon, {});
  index.publish(IndexLab::publication(), k_soon, {});
  index.remove(k_soon, {});
  CHECK(lab.consul.keys.size() == 2);
}

TEST_CASE("deployment::Index: a refused write of others' keys is an answer, a lost claim an error")
{
  IndexLab lab;
  Index index{lab.connect(), "demo"};
  index.acquire(IndexLab::holder("here", 1), k_soon, {});
  const std::vector<consul::Operation> create{
      {.kind = consul::Operation::Kind::cas, .key = "pecan/sites/7", .value = "mine"}};
  CHECK(index.try_commit(create, k_soon, {}));
  CHECK_FALSE(index.try_commit(create, k_soon, {}));
  lab.consul.end_session(lab.consul.keys.at("pecan/instances/demo/lock").session);
  lab.consul.keys.erase("pecan/sites/7");
  CHECK_THROWS_AS(index.try_commit(create, k_soon, {}), Error);
  CHECK_FALSE(lab.consul.keys.contains("pecan/sites/7"));
}
