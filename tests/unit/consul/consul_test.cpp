// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/consul/consul.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/base64.hpp"
#include "core/base/error.hpp"
#include "tests/support/scripted_transport.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using Kind = consul::Operation::Kind;

namespace {

consul::Client client_answering(int status, std::string body,
                                std::vector<http::Request>* log = nullptr)
{
  return consul::Client{std::make_unique<test::ScriptedTransport>(
      [status, body = std::move(body)](const http::Request& /*request*/) {
        return http::Response{.status = status, .body = body};
      },
      log)};
}

ErrorCode code_of_list(int status, const std::string& body)
{
  auto client = client_answering(status, body);
  try {
    client.list("pecan/", Deadline::never(), {});
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("base64: RFC 4648 vectors both ways, and all bytes")
{
  const std::vector<std::pair<std::string, std::string>> vectors{
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(encode_base64(bytes) == text);
    CHECK(decode_base64(text) == bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  CHECK(decode_base64(encode_base64(all)) == all);
  for (const auto* text : {"Zg=", "Zg", "Z===", "Zm9v=", "Zm 9", "Zg==Zg=="}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text).has_value());
  }
}

TEST_CASE("consul::Client::list: decodes values, sorts by key, takes null as empty")
{
  std::vector<http::Request> log;
  auto client = client_answering(200, R"([
    {"LockIndex":0,"Key":"pecan/b","Flags":0,"Value":null,"CreateIndex":12,"ModifyIndex":13},
    {"LockIndex":1,"Key":"pecan/a","Flags":0,"Value":"AAEC","Session":"s-1","CreateIndex":11,"ModifyIndex":11}])",
                                 &log);
  const auto entries = client.list("pecan/a b", Deadline::never(), {});
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].key == "pecan/a");
  CHECK(entries[0].value == std::string{"\0\1\2", 3});
  CHECK(entries[0].session == "s-1");
  CHECK(entries[1].modify_index == 13);
  CHECK(entries[1].value.empty());
  CHECK(log.at(0).target == "/v1/kv/pecan/a%20b?recurse&consistent");
}

TEST_CASE("consul::Client::find and list: 404 is absence")
{
  auto client = client_answering(404, "");
  CHECK_FALSE(client.find("none", Deadline::never(), {}).has_value());
  CHECK(client.list("none/", Deadline::never(), {}).empty());
}

TEST_CASE("consul::Client::commit: renders every kind of operation")
{
  std::vector<http::Request> log;
  auto client = client_answering(200, R"({"Results":[],"Errors":null})", &log);
  const std::vector<consul::Operation> operations{
      {.kind = Kind::set, .key = "a", .value = "x"},
      {.kind = Kind::cas, .key = "b", .value = "", .index = 7},
      {.kind = Kind::remove, .key = "c"},
      {.kind = Kind::remove_tree, .key = "d/"},
      {.kind = Kind::check_index, .key = "e", .index = 9},
      {.kind = Kind::check_session, .key = "f", .session = "s"},
      {.kind = Kind::lock, .key = "g", .value = "me", .session = "s"},
      {.kind = Kind::unlock, .key = "g", .session = "s"},
  };
  CHECK(client.commit(operations, Deadline::never(), {}));
  CHECK(nlohmann::json::parse(log.at(0).body) == nlohmann::json::parse(R"([
    {"KV":{"Verb":"set","Key":"a","Value":"eA=="}},
    {"KV":{"Verb":"cas","Key":"b","Value":"","Index":7}},
    {"KV":{"Verb":"delete","Key":"c"}},
    {"KV":{"Verb":"delete-tree","Key":"d/"}},
    {"KV":{"Verb":"check-index","Key":"e","Index":9}},
    {"KV":{"Verb":"check-session","Key":"f","Session":"s"}},
    {"KV":{"Verb":"lock","Key":"g","Value":"bWU=","Session":"s"}},
    {"KV":{"Verb":"unlock","Key":"g","Value":"","Session":"s"}}])"));
}

TEST_CASE("consul::Client::commit: 409 is no, anything else not 2xx an error")
{
  const std::vector<consul::Operation> one{{.key = "a"}};
  auto refusing =
      client_answering(409, R"({"Results":null,"Errors":[{"OpIndex":0,"What":"index is stale"}]})");
  CHECK_FALSE(refusing.commit(one, Deadline::never(), {}));
  auto lost = client_answering(404, "no such page");
  CHECK_THROWS_AS(lost.commit(one, Deadline::never(), {}), Error);
}

TEST_CASE("consul::Client::commit: refuses what Consul would, before asking")
{
  std::vector<http::Request> log;
  auto client = client_answering(200, "{}", &log);
  const std::vector<consul::Operation> many(65, consul::Operation{.key = "a"});
  CHECK_THROWS_AS(client.commit(many, Deadline::never(), {}), Error);
  const std::vector<consul::Operation> nameless(1);
  CHECK_THROWS_AS(client.commit(nameless, Deadline::never(), {}), Error);
  CHECK(client.commit({}, Deadline::never(), {}));
  CHECK(log.empty());
}

TEST_CASE("consul::Client: statuses become what a caller can do")
{
  CHECK(code_of_list(500, "No cluster leader") == ErrorCode::unreachable);
  CHECK(code_of_list(500, "rpc error making call: leadership lost while committing log") ==
        ErrorCode::unreachable);
  CHECK(code_of_list(500, "index error") == ErrorCode::failed);
  CHECK(code_of_list(403, "Permission denied") == ErrorCode::denied);
  CHECK(code_of_list(429, "slow down") == ErrorCode::unreachable);
  CHECK(code_of_list(503, "") == ErrorCode::unreachable);
  CHECK(code_of_list(400, "bad") == ErrorCode::failed);
}

TEST_CASE("consul::Client: foreign shapes are errors, not crashes")
{
  for (const auto* body :
       {"", "{", "null", "[1]", R"([{"Key":1,"ModifyIndex":1}])", R"([{"Key":"a"}])",
        R"([{"Key":"a","ModifyIndex":1,"Value":"!"}])", "\xff"}) {
    CAPTURE(body);
    auto client = client_answering(200, body);
    if (std::string{body} == "null") {
      CHECK(client.list("a", Deadline::never(), {}).empty());
    } else {
      CHECK_THROWS_AS(client.list("a", Deadline::never(), {}), Error);
    }
  }
}

TEST_CASE("consul::Client::has_leader: an empty address is none")
{
  CHECK(client_answering(200, "\"127.0.0.1:8300\"").has_leader(Deadline::never(), {}));
  CHECK_FALSE(client_answering(200, "\"\"").has_leader(Deadline::never(), {}));
}

TEST_CASE(
    "consul::Client::create_session: without lock delay, so that a taken-over lock is free at once")
{
  std::vector<http::Request> log;
  auto client = client_answering(200, R"({"ID":"s-1"})", &log);
  CHECK(client.create_session("deploy", 15s, Deadline::never(), {}) == "s-1");
  CHECK(nlohmann::json::parse(log.at(0).body) ==
        nlohmann::json::parse(
            R"({"Name":"deploy","TTL":"15s","LockDelay":"0s","Behavior":"release"})"));
}

TEST_CASE("consul::Client::renew_session: 404 means gone")
{
  CHECK_FALSE(
      client_answering(404, "Session id 'x' not found").renew_session("x", Deadline::never(), {}));
}

TEST_CASE("consul::Client::register_service: with a check that removes what stays broken")
{
  std::vector<http::Request> log;
  auto client = client_answering(200, "", &log);
  client.register_service({.id = "demo-bety-1",
                           .name = "bety",
                           .address = "127.0.0.1",
                           .port = 8000,
                           .tags = {"demo"},
                           .meta = {{"instance", "demo"}},
                           .check = consul::ServiceCheck{.http = "", .tcp = "127.0.0.1:8000"}},
                          Deadline::never(), {});
  CHECK(nlohmann::json::parse(log.at(0).body) == nlohmann::json::parse(R"({
    "ID":"demo-bety-1","Name":"bety","Address":"127.0.0.1","Port":8000,"Tags":["demo"],"Meta":{"instance":"demo"},
    "Check":{"TCP":"127.0.0.1:8000","Interval":"10s","DeregisterCriticalServiceAfter":"60s"}})"));
}
