// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/transport.hpp"

#include <doctest/doctest.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <latch>
#include <mutex>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/http/scripted_server.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::ScriptedServer;
using Clock = std::chrono::steady_clock;

namespace {

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

ErrorInfo failure_of(const ScriptedServer::Answer& answer,
                     const Deadline& deadline = Deadline::in(10s))
{
  const ScriptedServer server{[&](const std::string&) { return answer; }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  return info_of([&] { transport->send({.target = "/x?token=y"}, deadline, {}); });
}

}  // namespace

TEST_CASE("http::Transport: brings status and headers and body")
{
  std::string seen;
  const ScriptedServer server{[&](const std::string& request) {
    seen = request;
    return ScriptedServer::Answer{
        .bytes =
            "HTTP/1.1 100 Continue\r\nX-Old: 1\r\n\r\n"
            "HTTP/1.1 500 Oh\r\nX-New:  2 \r\nContent-Length: 5\r\n\r\nwhy: "};
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  const auto response = transport->send({.target = "/a%2Fb/../c"}, Deadline::in(10s), {});
  CHECK(response.status == 500);
  CHECK(response.body == "why: ");
  CHECK(response.header("x-new") == "2");
  CHECK(response.header("x-old").empty());
  CHECK(seen.starts_with("GET /a%2Fb/../c HTTP/1.1\r\n"));
}

TEST_CASE("http::Transport: sends methods and bodies and credentials as asked")
{
  std::string seen;
  const ScriptedServer server{[&](const std::string& request) {
    seen = request;
    return ScriptedServer::ok("");
  }};
  const auto transport =
      http::make_curl_transport({.base_url = server.url(),
                                 .user = "pecan",
                                 .password = Secret{"pssst"},
                                 .headers = {{.name = "X-Token", .value = "t"}}});
  const auto has = [&](const std::string& text) { return seen.find(text) != std::string::npos; };
  const auto send = [&](const http::Request& request) {
    CHECK(transport->send(request, Deadline::in(10s), {}).status == 200);
    CHECK(has("Authorization: Basic cGVjYW46cHNzc3Q=\r\n"));
    CHECK(has("X-Token: t\r\n"));
    CHECK_FALSE(has("Expect:"));
    CHECK_FALSE(has("x-www-form-urlencoded"));
  };
  send({.method = http::Method::post, .target = "/p"});
  CHECK(seen.starts_with("POST /p "));
  CHECK(has("Content-Length: 0\r\n"));
  send({.method = http::Method::put,
        .headers = {{.name = "Content-Type", .value = "application/json"}},
        .body = std::string("a\0b", 3)});
  CHECK(seen.starts_with("PUT / "));
  CHECK(has("Content-Type: application/json\r\n"));
  CHECK(seen.ends_with(std::string("\r\n\r\na\0b", 7)));
  send({.method = http::Method::del});
  CHECK(seen.starts_with("DELETE / "));
  send({.method = http::Method::head});
  CHECK(seen.starts_with("HEAD / "));
  int pieces = 0;
  send({.method = http::Method::put,
        .body_source = [&]() -> std::string_view { return ++pieces <= 2 ? "piece" : ""; }});
  CHECK(seen.starts_with("PUT / "));
  CHECK(has("Transfer-Encoding: chunked\r\n"));
  CHECK(has("piece"));
  CHECK(server.connections() == 2);  // one kept, one for the upload that cannot be repeated
}

TEST_CASE("http::Transport: a body that cannot be read ends the upload and its error leaves")
{
  const ScriptedServer server{[](const std::string&) { return ScriptedServer::ok(""); }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  const auto info = info_of([&] {
    const http::Request request{.method = http::Method::post,
                                .body_source = []() -> std::string_view {
                                  throw Error{{.code = ErrorCode::not_found, .what = "no file"}};
                                }};
    transport->send(request, Deadline::in(10s), {});
  });
  CHECK(info.what == "no file");
}

TEST_CASE("http::Transport: nobody listening is unreachable with the system's reason")
{
  const test::TempDir folder;
  const auto path = (folder.path() / "none.sock").string();
  const auto no_file = http::make_curl_transport({.unix_socket = path, .base_url = "http://x"});
  CHECK(no_file->display() == path);
  const auto info = info_of([&] { no_file->send({}, Deadline::in(10s), {}); });
  CHECK(info.code == ErrorCode::unreachable);
  CHECK(info.why == path + ": No such file or directory");
  int port = 0;
  {
    const ScriptedServer gone{[](const std::string&) { return ScriptedServer::Answer{}; }};
    port = std::stoi(gone.url().substr(gone.url().rfind(':') + 1));
  }
  const auto url = "http://127.0.0.1:" + std::to_string(port);
  const auto refused = http::make_curl_transport({.base_url = "http://u:secret@" + url.substr(7)});
  const auto other = info_of([&] { refused->send({}, Deadline::in(10s), {}); });
  CHECK(other.code == ErrorCode::unreachable);
  CHECK(other.why == "http://u:***@" + url.substr(7) + ": Connection refused");
}

TEST_CASE("http::Transport: an address that is none is invalid")
{
  for (const std::string url : {"file:///etc/passwd", "http://[", "ftp://127.0.0.1"}) {
    const auto transport = http::make_curl_transport({.base_url = url});
    CHECK(info_of([&] { transport->send({}, Deadline::in(10s), {}); }).code == ErrorCode::invalid);
  }
}

TEST_CASE("http::Transport: an answer that is cut short is unreachable and says so")
{
  const auto info =
      failure_of({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .close = true});
  CHECK(info.code == ErrorCode::unreachable);
  CHECK(info.what == "cannot GET /x");
  CHECK(info.why.ends_with(": the answer was cut short"));
  const auto chunked = failure_of(
      {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", .close = true});
  CHECK(chunked.why.ends_with(": the answer was cut short"));
  const auto nothing = failure_of({.bytes = "", .close = true});
  CHECK(nothing.code == ErrorCode::unreachable);
  CHECK(nothing.why.ends_with(": the connection was closed without an answer"));
  CHECK(failure_of({.bytes = "garbage\r\n\r\n", .close = true}).code == ErrorCode::unreachable);
}

TEST_CASE("http::Transport: a server that says nothing is a timeout and not unreachable")
{
  const auto begin = Clock::now();
  CHECK(failure_of({.bytes = "", .hang = true}, Deadline::in(100ms)).code == ErrorCode::timeout);
  CHECK(Clock::now() - begin < 1s);
  const auto half =
      failure_of({.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", .hang = true},
                 Deadline::in(100ms));
  CHECK(half.code == ErrorCode::timeout);
}

TEST_CASE("http::Transport: a stop ends a hung request at once and the next one works")
{
  std::latch asked{1};
  std::atomic<bool> hang = true;
  const ScriptedServer server{[&](const std::string&) {
    if (!hang.exchange(false)) {
      return ScriptedServer::ok("fine");
    }
    asked.count_down();
    return ScriptedServer::Answer{.bytes = "", .hang = true};
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  std::stop_source source;
  Clock::time_point stopped;
  std::jthread stopper{[&] {
    asked.wait();
    stopped = Clock::now();
    source.request_stop();
  }};
  CHECK_THROWS_AS(transport->send({}, Deadline::never(), source.get_token()), Cancelled);
  const auto returned = Clock::now();
  stopper.join();
  CHECK(returned - stopped < 2s);  // 200 ms on a machine of its own
  CHECK_THROWS_AS(transport->send({}, Deadline::never(), source.get_token()), Cancelled);
  CHECK(transport->send({}, Deadline::in(10s), {}).body == "fine");
}

TEST_CASE("http::Transport::stream: success goes to the sink and failure into the body")
{
  const ScriptedServer server{[](const std::string& request) {
    return request.starts_with("GET /bad")
               ? ScriptedServer::Answer{.bytes = "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone"}
               : ScriptedServer::ok("good");
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  std::string sunk;
  const http::BodySink sink = [&](std::string_view piece) { sunk += piece; };
  const auto good = transport->stream({.target = "/good"}, sink, 0ms, Deadline::in(10s), {});
  CHECK(good.status == 200);
  CHECK(good.body.empty());
  CHECK(sunk == "good");
  const auto bad = transport->stream({.target = "/bad"}, sink, 0ms, Deadline::in(10s), {});
  CHECK(bad.status == 404);
  CHECK(bad.body == "gone");
  CHECK(sunk == "good");
  CHECK(server.connections() == 1);
}

TEST_CASE("http::Transport::stream: what the sink throws leaves and silence is limited")
{
  const ScriptedServer server{[](const std::string&) {
    return ScriptedServer::Answer{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
                                  .hang = true};
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  const http::BodySink refuse = [](std::string_view) { throw std::out_of_range{"enough"}; };
  CHECK_THROWS_AS(transport->stream({}, refuse, 0ms, Deadline::in(10s), {}), std::out_of_range);
  std::string sunk;
  const http::BodySink keep = [&](std::string_view piece) { sunk += piece; };
  const auto info = info_of([&] { transport->stream({}, keep, 50ms, Deadline::in(10s), {}); });
  CHECK(info.code == ErrorCode::timeout);
  CHECK(info.why.ends_with("nothing came for 50ms"));
  CHECK(sunk == "part");
}

TEST_CASE("http::Transport: a body without end is refused and not collected")
{
  const std::string huge(std::size_t{17} << 20U, 'x');
  const ScriptedServer server{[&](const std::string&) {
    return ScriptedServer::Answer{.bytes = "HTTP/1.1 500 No\r\nContent-Length: " +
                                           std::to_string(huge.size()) + "\r\n\r\n" + huge};
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  const http::BodySink sink = [](std::string_view) {};
  const auto info = info_of([&] { transport->stream({}, sink, 0ms, Deadline::in(10s), {}); });
  CHECK(info.code == ErrorCode::failed);
  CHECK(info.why.ends_with("the answer is larger than 16.0 MiB"));
}

TEST_CASE("http::Transport::send_all: keeps the order and the width and goes on after a failure")
{
  std::mutex mutex;
  int in_flight = 0;
  int most = 0;
  const ScriptedServer server{[&](const std::string& request) {
    {
      const std::scoped_lock lock{mutex};
      most = std::max(most, ++in_flight);
    }
    const auto path = request.substr(4, request.find(' ', 4) - 4);
    const std::scoped_lock lock{mutex};
    --in_flight;
    return path == "/3" ? ScriptedServer::Answer{.bytes = "", .close = true}
                        : ScriptedServer::ok(path);
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  std::vector<http::Request> requests;
  for (int i = 0; i < 20; ++i) {
    requests.push_back({.target = "/" + std::to_string(i)});
  }
  std::vector<std::size_t> done;
  const auto outcomes = transport->send_all(requests, 4, [&](std::size_t i) { done.push_back(i); },
                                            Deadline::in(10s), {});
  REQUIRE(outcomes.size() == 20);
  for (std::size_t i = 0; i < 20; ++i) {
    if (i == 3) {
      CHECK(std::get<Error>(outcomes[i]).code() == ErrorCode::unreachable);
    } else {
      CHECK(std::get<http::Response>(outcomes[i]).body == requests[i].target);
    }
  }
  std::ranges::sort(done);
  CHECK(done.size() == 20);
  CHECK(std::ranges::adjacent_find(done) == done.end());
  CHECK(most <= 4);
}

TEST_CASE("http::Transport::send_all: the deadline ends what is on its way and what was not begun")
{
  const ScriptedServer server{[](const std::string& request) {
    return request.starts_with("GET /0") ? ScriptedServer::ok("")
                                         : ScriptedServer::Answer{.bytes = "", .hang = true};
  }};
  const auto transport = http::make_curl_transport({.base_url = server.url()});
  const std::vector<http::Request> requests{{.target = "/0"}, {.target = "/1"}, {.target = "/2"}};
  int done = 0;
  const auto outcomes =
      transport->send_all(requests, 1, [&](std::size_t) { ++done; }, Deadline::in(300ms), {});
  CHECK(std::holds_alternative<http::Response>(outcomes[0]));
  CHECK(std::get<Error>(outcomes[1]).code() == ErrorCode::timeout);
  CHECK(std::get<Error>(outcomes[2]).code() == ErrorCode::timeout);
  CHECK(done == 3);
}
