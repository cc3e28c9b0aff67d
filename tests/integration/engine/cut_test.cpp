// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/integration/engine/fixture.hpp"

using namespace pecanctl;
using test::EngineLab;

namespace {

// The real engine until `left` requests were sent; then as if it had been stopped.
class CutTransport : public http::Transport {
 public:
  explicit CutTransport(int left)
      : left_{left},
        alive_{http::make_curl_transport(
            {.unix_socket = EngineLab::socket(), .base_url = "http://docker"})},
        gone_{http::make_curl_transport(
            {.unix_socket = EngineLab::socket() + ".gone", .base_url = "http://docker"})}
  {
  }

  http::Response send(const http::Request& request, const Deadline& deadline,
                      std::stop_token stop) override
  {
    return next().send(request, deadline, std::move(stop));
  }

  http::Response stream(const http::Request& request, const http::BodySink& sink,
                        std::chrono::milliseconds idle, const Deadline& deadline,
                        std::stop_token stop) override
  {
    return next().stream(request, sink, idle, deadline, std::move(stop));
  }

  std::vector<http::Outcome> send_all(std::span<const http::Request> requests, std::size_t width,
                                      const std::function<void(std::size_t)>& on_done,
                                      const Deadline& deadline, std::stop_token stop) override
  {
    return next().send_all(requests, width, on_done, deadline, std::move(stop));
  }

 private:
  http::Transport& next() { return left_-- > 0 ? *alive_ : *gone_; }

  int left_;
  std::unique_ptr<http::Transport> alive_;
  std::unique_ptr<http::Transport> gone_;
};

}  // namespace

TEST_CASE(
    "engine docker backend: an engine that stops half-way is unreachable and a repeat goes on")
{
  EngineLab lab;
  lab.stack.volumes = {{.key = "data", .folders = {"workflows"}}};
  lab.add_service("a", test::k_idle).files = {{.name = "x", .content = Secret{"y"}}};
  lab.add_service("b", test::k_idle).depends_on = {"a"};
  int cuts = 0;
  // Each time a little further, until it comes through.
  for (int calls = 1;; calls += 3) {
    docker::Engine engine{std::make_unique<CutTransport>(calls)};
    const auto backend = engine::make_docker_backend(engine);
    const auto code = EngineLab::code_of([&] { lab.deploy(*backend); });
    if (code == ErrorCode::finding) {
      break;
    }
    CAPTURE(calls);
    CHECK(code == ErrorCode::unreachable);
    REQUIRE(++cuts < 30);
  }
  CHECK(cuts > 3);
  CHECK(lab.deploy() == 0);
  const auto replicas = lab.replicas();
  REQUIRE(replicas.size() == 2);
  CHECK(lab.backend->observe(lab.identity(), lab.soon(), {}).networks.size() == 1);
}
