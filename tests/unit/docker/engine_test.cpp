// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/engine.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <system_error>

#include "tests/support/scripted_transport.hpp"

using namespace pecanctl;
using docker::Engine;
using test::ScriptedTransport;

namespace {

http::Response ping(const std::string& version)
{
  return {.status = 200, .headers = {{.name = "Api-Version", .value = version}}, .body = "OK"};
}

// An engine of API 1.41 that gives one answer to everything but the ping.
Engine engine_answering(http::Response answer, std::vector<http::Request>* log = nullptr)
{
  return Engine{std::make_unique<ScriptedTransport>(
      [answer](const http::Request& request) {
        return request.target == "/_ping" ? ping("1.41") : answer;
      },
      log)};
}

template <typename Call>
ErrorInfo info_of(const Call& call)
{
  try {
    call();
  } catch (const Error& error) {
    return error.info();
  }
  return {.code = ErrorCode::internal, .what = "nothing was thrown"};
}

const Deadline k_soon = Deadline::never();

}  // namespace

TEST_CASE("docker::Engine: 404 is absence and not an error")
{
  auto engine = engine_answering({.status = 404, .body = R"({"message":"No such thing"})"});
  CHECK_FALSE(engine.find_container("pecan-sipnet-1", k_soon, {}));
  CHECK_FALSE(engine.find_image("pecan/sipnet:1", k_soon, {}));
  CHECK_FALSE(engine.find_network("pecan", k_soon, {}));
  CHECK_FALSE(engine.find_volume("pecan", k_soon, {}));
  CHECK_FALSE(engine.remove_network("pecan", k_soon, {}));
  CHECK_FALSE(engine.remove_volume("pecan", k_soon, {}));
  CHECK_FALSE(engine.remove_image("pecan", k_soon, {}));
  const std::vector<std::string> ids{"a"};
  CHECK_FALSE(engine.remove_containers(ids, true, 1, k_soon, {}).front());
  CHECK(engine.start_containers(ids, 1, {}, k_soon, {}).front()->code() == ErrorCode::not_found);
}

TEST_CASE("docker::Engine: 409 is a conflict and why is the engine's message")
{
  auto engine = engine_answering({.status = 409, .body = R"({"message":"name in use"})"});
  const auto info = info_of([&] { engine.create_network("demo", {}, k_soon, {}); });
  CHECK(info.code == ErrorCode::conflict);
  CHECK(info.what == "cannot create network 'demo'");
  CHECK(info.why == "name in use");
}

TEST_CASE("docker::Engine: each status has its code")
{
  const auto code_for = [](int status, const std::string& body) {
    auto engine = engine_answering({.status = status, .body = body});
    return info_of([&] { engine.create_volume("demo", {}, k_soon, {}); }).code;
  };
  CHECK(code_for(400, "{}") == ErrorCode::failed);
  CHECK(code_for(401, "{}") == ErrorCode::denied);
  CHECK(code_for(403, "{}") == ErrorCode::denied);
  CHECK(code_for(404, "{}") == ErrorCode::not_found);
  CHECK(code_for(500, "not even JSON") == ErrorCode::failed);
  CHECK(code_for(500, R"({"message":"Bind for 127.0.0.1:80 failed: port is already allocated"})") ==
        ErrorCode::conflict);
}

TEST_CASE("docker::Engine: an error body that is no JSON is shown without its escapes")
{
  auto engine = engine_answering({.status = 502, .body = "\x1b[2JBad Gateway"});
  const auto info = info_of([&] { engine.get_info(k_soon, {}); });
  CHECK(info.why.find("Bad Gateway") != std::string::npos);
  CHECK(info.why.find('\x1b') == std::string::npos);
}

TEST_CASE("docker::Engine: speaks the newest version that both know and asks once")
{
  const auto target_for = [](const std::string& theirs) {
    std::vector<http::Request> log;
    Engine engine{std::make_unique<ScriptedTransport>(
        [&](const http::Request& request) {
          return request.target == "/_ping" ? ping(theirs) : http::Response{.status = 404};
        },
        &log)};
    engine.find_volume("v", k_soon, {});
    engine.find_volume("v", k_soon, {});
    REQUIRE(log.size() == 3);
    return log.back().target;
  };
  CHECK(target_for("1.41") == "/v1.41/volumes/v");
  CHECK(target_for("1.44") == "/v1.44/volumes/v");
  CHECK(target_for("1.99") == "/v1.47/volumes/v");
  CHECK(target_for("2.0") == "/v1.47/volumes/v");
}

TEST_CASE("docker::Engine: an engine that is too old is refused with a remedy")
{
  Engine engine{std::make_unique<ScriptedTransport>([](const auto&) { return ping("1.40"); })};
  const auto info = info_of([&] { engine.find_volume("v", k_soon, {}); });
  CHECK(info.code == ErrorCode::failed);
  CHECK(info.why == "it speaks API 1.40; we need at least 1.41");
  CHECK(info.hint.find("update Docker") == 0);
}

TEST_CASE("docker::Engine: what answers without a version is no engine")
{
  Engine engine{std::make_unique<ScriptedTransport>(
      [](const auto&) { return http::Response{.status = 200, .body = "<html>"}; })};
  CHECK(info_of([&] { engine.find_volume("v", k_soon, {}); }).code == ErrorCode::unreachable);
}

TEST_CASE("docker::Engine: says how to get at an engine that cannot be reached")
{
  const auto info_for = [](ErrorCode code, int errno_value) {
    Engine engine{std::make_unique<ScriptedTransport>([=](const auto&) -> http::Response {
      throw Error{{.code = code,
                   .what = "cannot GET /_ping",
                   .why = ": " + std::generic_category().message(errno_value)}};
    })};
    return info_of([&] { engine.list_volumes({}, k_soon, {}); });
  };
  CHECK(info_for(ErrorCode::unreachable, ENOENT).hint == "install Docker, or start it: dockerd");
  CHECK(info_for(ErrorCode::unreachable, ECONNREFUSED).hint == "start the Docker daemon");
  const auto denied = info_for(ErrorCode::denied, EACCES);
  CHECK(denied.code == ErrorCode::denied);
  CHECK(denied.hint == "join the group docker, or use sudo");
  CHECK(denied.why == "Permission denied");
  CHECK(denied.what.starts_with("cannot reach Docker at "));
}

TEST_CASE("docker::Engine: filters carry odd labels unharmed")
{
  std::vector<http::Request> log;
  auto engine = engine_answering({.status = 200, .body = "[]"}, &log);
  const std::vector<std::string> labels{"a.b=c\"d&e f/é"};
  CHECK(engine.list_containers(labels, k_soon, {}).empty());
  CHECK(
      log.back().target ==
      "/v1.41/containers/json?all=1&filters=%7B%22label%22%3A%5B%22a.b%3Dc%5C%22d%26e%20f%2F%C3%A9"
      "%22%5D%7D");
}

TEST_CASE("docker::Engine: names cannot leave their place in a path")
{
  std::vector<http::Request> log;
  auto engine = engine_answering({.status = 404}, &log);
  engine.find_container("../images/x?force=1", k_soon, {});
  CHECK(log.back().target == "/v1.41/containers/..%2Fimages%2Fx%3Fforce%3D1/json");
}

TEST_CASE(
    "docker::Engine: an answer that is no list or no JSON is an error or empty and never a crash")
{
  auto nonsense = engine_answering({.status = 200, .body = "<html>"});
  CHECK(info_of([&] { nonsense.list_containers({}, k_soon, {}); }).code == ErrorCode::failed);
  auto deep = engine_answering({.status = 200, .body = std::string(100'000, '[')});
  CHECK(info_of([&] { deep.list_networks({}, k_soon, {}); }).code == ErrorCode::failed);
  auto scalar = engine_answering({.status = 200, .body = R"([7, "x", null])"});
  CHECK(scalar.list_containers({}, k_soon, {}).empty());
  CHECK(info_of([&] { scalar.find_volume("v", k_soon, {}); }).code == ErrorCode::failed);
  auto null = engine_answering({.status = 200, .body = R"({"Volumes":null})"});
  CHECK(null.list_volumes({}, k_soon, {}).empty());
}

TEST_CASE("docker::Engine::pull_image: a name without tag means latest")
{
  std::vector<http::Request> log;
  auto engine = engine_answering({.status = 200}, &log);
  const auto target_for = [&](const std::string& reference) {
    engine.pull_image(reference, {}, k_soon, {});
    return log.back().target;
  };
  CHECK(target_for("pecan/web") == "/v1.41/images/create?fromImage=pecan%2Fweb&tag=latest");
  CHECK(target_for("host:5000/web") ==
        "/v1.41/images/create?fromImage=host%3A5000%2Fweb&tag=latest");
  CHECK(target_for("web:1.8") == "/v1.41/images/create?fromImage=web&tag=1.8");
  CHECK(target_for("web@sha256:ab") == "/v1.41/images/create?fromImage=web&tag=sha256%3Aab");
}

TEST_CASE("docker::Engine::pull_image: an error inside a good answer is an error")
{
  const auto code_for = [](const std::string& error) {
    auto engine = engine_answering({.status = 200,
                                    .body = R"({"status":"Pulling"})"
                                            "\r\n"
                                            R"({"error":")" +
                                            error + "\"}\r\n"});
    return info_of([&] { engine.pull_image("pecan/web:1", {}, k_soon, {}); }).code;
  };
  CHECK(code_for("dial tcp: lookup registry-1.docker.io: no such host") == ErrorCode::unreachable);
  CHECK(code_for("net/http: request canceled (Client.Timeout exceeded)") == ErrorCode::unreachable);
  CHECK(code_for("manifest unknown") == ErrorCode::not_found);
  CHECK(code_for("pull access denied for pecan/web") == ErrorCode::denied);
  CHECK(code_for("no space left on device") == ErrorCode::failed);
}

TEST_CASE("docker::Engine::pull_image: a registry's failure before the stream is told apart too")
{
  const auto code_for = [](int status, const std::string& message) {
    auto engine = engine_answering({.status = status, .body = R"({"message":")" + message + "\"}"});
    return info_of([&] { engine.pull_image("pecan/web:1", {}, k_soon, {}); }).code;
  };
  CHECK(code_for(500, "Get https://r/v2/: dial tcp 10.0.0.1:443: i/o timeout") ==
        ErrorCode::unreachable);
  CHECK(code_for(404, "pull access denied for x, repository does not exist") == ErrorCode::denied);
  CHECK(code_for(404, "manifest for x:1 not found: manifest unknown") == ErrorCode::not_found);
  CHECK(code_for(500, "something else") == ErrorCode::failed);
}

TEST_CASE("docker::Engine::build_image: why ends with the last lines of the output")
{
  std::string body;
  for (int i = 0; i < 30; ++i) {
    body += R"({"stream":"line )" + std::to_string(i) + "\\n\"}\n";
  }
  body +=
      R"({"errorDetail":{"code":4,"message":"m"},"error":"returned a non-zero code: 4, not found"})";
  auto engine = engine_answering({.status = 200, .body = body});
  int lines = 0;
  const auto info = info_of([&] {
    engine.build_image(
        {.tag = "x:1"}, [] { return std::string_view{}; },
        [&](const docker::BuildProgress&) { ++lines; }, k_soon, {});
  });
  CHECK(lines == 30);
  CHECK(info.code == ErrorCode::failed);
  CHECK(info.why.find("line 9\n") == std::string::npos);
  CHECK(info.why.find("line 10\n") == 0);
  CHECK(info.why.ends_with("line 29\nreturned a non-zero code: 4, not found"));
}

TEST_CASE(
    "docker::Engine::watch_events: an engine that ends the stream is not the end of the watch")
{
  const std::string event = R"({"Type":"container","Action":"die","Actor":{"ID":"c1"}})"
                            "\n";
  auto engine = engine_answering({.status = 200, .body = event + event});
  int seen = 0;
  const auto count = [&](const Engine::EngineEvent& given) {
    CHECK(given.id == "c1");
    ++seen;
    return true;
  };
  CHECK(info_of([&] { engine.watch_events({}, count, k_soon, {}); }).code ==
        ErrorCode::unreachable);
  CHECK(seen == 2);
  seen = 0;
  engine.watch_events({}, [&](const auto&) { return ++seen < 1; }, k_soon, {});
  CHECK(seen == 1);
}

TEST_CASE("docker::Engine::watch_events: an error of the reader leaves in its own words")
{
  auto engine = engine_answering({.status = 200, .body = "{}\n"});
  const auto info = info_of([&] {
    engine.watch_events(
        {},
        [](const auto&) -> bool { throw Error{{.code = ErrorCode::unreachable, .what = "mine"}}; },
        k_soon, {});
  });
  CHECK(info.what == "mine");
}

TEST_CASE("docker::Engine: a batch goes on after a failure")
{
  Engine engine{
      std::make_unique<ScriptedTransport>([](const http::Request& request) -> http::Response {
        if (request.target == "/_ping") {
          return ping("1.41");
        }
        if (request.target.find("/b/") != std::string::npos) {
          throw Error{{.code = ErrorCode::timeout, .what = "late"}};
        }
        return {.status = request.target.find("/c/") != std::string::npos ? 304 : 204};
      })};
  const std::vector<std::string> ids{"a", "b", "c"};
  const auto result = engine.start_containers(ids, 2, {}, k_soon, {});
  REQUIRE(result.size() == 3);
  CHECK_FALSE(result[0]);
  REQUIRE(result[1]);
  CHECK(result[1]->code() == ErrorCode::timeout);
  CHECK_FALSE(result[2]);
}

TEST_CASE("docker::Engine::find_archive: a missing path is absent and a missing container is not")
{
  auto no_path = engine_answering(
      {.status = 404, .body = R"({"message":"Could not find the file /x in container y"})"});
  CHECK_FALSE(no_path.find_archive("y", "/x", 10, k_soon, {}));
  auto no_container =
      engine_answering({.status = 404, .body = R"({"message":"No such container: y"})"});
  CHECK(info_of([&] { no_container.find_archive("y", "/x", 10, k_soon, {}); }).code ==
        ErrorCode::not_found);
}

TEST_CASE("docker::Engine::find_path: reads the stat header")
{
  auto engine = engine_answering(
      {.status = 200,
       .headers = {{.name = "x-docker-container-path-stat",
                    .value =
                        "eyJuYW1lIjoidG1wIiwic2l6ZSI6NDA5NiwibW9kZSI6MjE0ODUzMjczNSwibXRpbWUiOiIy"
                        "MDI2LTExLTIwVDA1OjUwOjAxWiIsImxpbmtUYXJnZXQiOiIifQ=="}}});
  const auto stat = engine.find_path("c", "/tmp", k_soon, {});
  REQUIRE(stat);
  CHECK(stat->name == "tmp");
  CHECK(stat->size == 4096);
  CHECK(stat->is_directory);
  CHECK(stat->modified == "2026-11-20T05:50:01Z");
}
