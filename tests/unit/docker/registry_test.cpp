// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/registry.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/scripted_transport.hpp"

using namespace pecanctl;
using Tags = std::vector<std::string>;

namespace {

// A registry, and the server that gives tokens for it: what was asked of which, and how.
class RegistryScript {
 public:
  using Handler = std::function<http::Response(const std::string& url, const http::Request&)>;

  explicit RegistryScript(Handler handler) : handler_{std::move(handler)} {}

  Tags list(const std::string& repository)
  {
    docker::Registry registry{[this](const std::string& base_url) {
      return std::make_unique<test::ScriptedTransport>(
          [this, base_url](const http::Request& asked) {
            urls.push_back(base_url + asked.target);
            return handler_(urls.back(), asked);
          });
    }};
    return registry.list_tags(repository, Deadline::never(), {});
  }

  Tags urls = {};

 private:
  Handler handler_;
};

std::string registry_token_of(const http::Request& request)
{
  for (const auto& header : request.headers) {
    if (header.name == "Authorization") {
      return header.value;
    }
  }
  return {};
}

ErrorCode registry_code(int status, std::string body = {})
{
  RegistryScript script{
      [&](const auto&, const auto&) { return http::Response{.status = status, .body = body}; }};
  try {
    script.list("pecan/web");
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("no error");
  return ErrorCode::internal;
}

}  // namespace

TEST_CASE("docker::locate_repository: Docker Hub, a registry, one on this machine")
{
  const auto place = [](std::string_view repository) {
    const auto found = docker::locate_repository(repository);
    return found.base_url + " " + found.name;
  };
  CHECK(place("pecan/web") == "https://registry-1.docker.io pecan/web");
  CHECK(place("traefik") == "https://registry-1.docker.io library/traefik");
  CHECK(place("docker.io/pecan/web") == "https://registry-1.docker.io pecan/web");
  CHECK(place("ghcr.io/a/b/c") == "https://ghcr.io a/b/c");
  CHECK(place("localhost:5000/pecan/web") == "http://localhost:5000 pecan/web");
  CHECK(place("127.0.0.1:5000/x") == "http://127.0.0.1:5000 x");
  CHECK(place("registry.bu.edu:5000/x") == "https://registry.bu.edu:5000 x");
}

TEST_CASE("docker::parse_challenge: as registries write it")
{
  const auto challenge = docker::parse_challenge(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
      R"(scope="repository:pecan/web:pull,push")");
  CHECK(challenge.realm == "https://auth.docker.io/token");
  CHECK(challenge.service == "registry.docker.io");
  CHECK(challenge.scope == "repository:pecan/web:pull,push");
  CHECK(docker::parse_challenge("bearer realm=http://x, service=y").service == "y");
  CHECK(docker::parse_challenge("Basic realm=\"x\"").realm.empty());
  CHECK(docker::parse_challenge("").realm.empty());
}

TEST_CASE("docker::Registry::list_tags: page after page, on the same server only")
{
  RegistryScript script{[](const std::string& url, const auto&) -> http::Response {
    if (url.find("last=b") != std::string::npos) {
      return {.status = 200,
              .headers = {{"Link", "<http://evil.example/v2/x/tags/list?n=2>; rel=\"next\""}},
              .body = R"({"name":"x","tags":["c"]})"};
    }
    return {.status = 200,
            .headers = {{"Link", "</v2/x/tags/list?last=b&n=2>; rel=\"next\""}},
            .body = R"({"name":"x","tags":["a","b"]})"};
  }};
  CHECK(script.list("localhost:5000/x") == Tags{"a", "b", "c"});
  CHECK(script.urls == Tags{"http://localhost:5000/v2/x/tags/list?n=1000",
                            "http://localhost:5000/v2/x/tags/list?last=b&n=2"});
}

TEST_CASE("docker::Registry::list_tags: fetches a token where the registry says, and shows it")
{
  RegistryScript script{[](const std::string& url, const auto& asked) -> http::Response {
    if (url.starts_with("https://auth.docker.io/")) {
      return {.status = 200, .body = R"({"token":"T"})"};
    }
    if (registry_token_of(asked) != "Bearer T") {
      return {.status = 401,
              .headers = {{"WWW-Authenticate",
                           "Bearer realm=\"https://auth.docker.io/token\",service=\"reg\",scope="
                           "\"repository:pecan/web:pull\""}}};
    }
    return {.status = 200, .body = R"({"tags":["1.8.0"]})"};
  }};
  CHECK(script.list("pecan/web") == Tags{"1.8.0"});
  REQUIRE(script.urls.size() == 3);
  CHECK(script.urls[1] ==
        "https://auth.docker.io/token?service=reg&scope=repository%3Apecan%2Fweb%3Apull");
}

TEST_CASE("docker::Registry::list_tags: a token is not fetched without encryption from far away")
{
  RegistryScript script{[](const std::string& url, const auto&) -> http::Response {
    CHECK(url.starts_with("https://registry-1.docker.io/"));
    return {.status = 401, .headers = {{"WWW-Authenticate", "Bearer realm=\"http://evil/token\""}}};
  }};
  CHECK_THROWS_AS(script.list("pecan/web"), Error);
}

TEST_CASE("docker::Registry::list_tags: what a registry may answer instead")
{
  RegistryScript unknown{
      [](const auto&, const auto&) { return http::Response{.status = 404, .body = "{}"}; }};
  CHECK(unknown.list("pecan/none").empty());
  RegistryScript empty{[](const auto&, const auto&) {
    return http::Response{.status = 200, .body = R"({"tags":null})"};
  }};
  CHECK(empty.list("pecan/web").empty());
  CHECK(registry_code(401) == ErrorCode::denied);
  CHECK(registry_code(403) == ErrorCode::denied);
  CHECK(registry_code(503) == ErrorCode::unreachable);
  CHECK(registry_code(429) == ErrorCode::failed);
  CHECK(registry_code(200, "<html>") == ErrorCode::failed);
  CHECK(registry_code(200, R"({"tags":"x"})") == ErrorCode::failed);
}

TEST_CASE("docker::Registry::list_tags: a list without an end is refused")
{
  RegistryScript script{[](const auto&, const auto&) -> http::Response {
    return {.status = 200,
            .headers = {{"Link", "</v2/pecan/web/tags/list?n=1>; rel=\"next\""}},
            .body = R"({"tags":["a"]})"};
  }};
  CHECK_THROWS_AS(script.list("pecan/web"), Error);
}
