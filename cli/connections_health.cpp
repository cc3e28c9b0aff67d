// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/connections_health.hpp"

#include <charconv>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/http/form_server.hpp"
#include "core/http/health_server.hpp"

namespace pecanctl::cli {
namespace {

constexpr int k_last_port = 65535;

}  // namespace

ListenAddress parse_listen_address(const std::string& address, const std::string& example)
{
  const auto colon = address.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    const auto* const end = address.data() + address.size();
    const auto [stop, error] = std::from_chars(address.data() + colon + 1, end, port);
    port = error == std::errc{} && stop == end ? port : -1;
  }
  if (port < 0 || port > k_last_port) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot listen on '{}'", address),
                 .why = "it has to be ADDRESS:PORT",
                 .hint = example}};
  }
  return {.host = address.substr(0, colon), .port = port};
}

std::shared_ptr<http::HealthServer> serve_health(const Health& health, const std::string& address,
                                                 std::string& url)
{
  const auto [host, port] = parse_listen_address(address, "--listen 127.0.0.1:9471");
  auto server = std::make_shared<http::HealthServer>(
      host, port,
      std::map<std::string, http::HealthServer::MakePage>{
          {"/health",
           [&health]() -> http::Page {
             return {.status = health.is_fine() ? 200 : 503,
                     .content_type = "application/json",
                     .body = health.render_health()};
           }},
          {"/metrics", [&health]() -> http::Page {
             return {.content_type = "text/plain; version=0.0.4", .body = health.render_metrics()};
           }}});
  url = fmt::format("http://{}:{}", host, server->port());
  return server;
}

std::shared_ptr<http::FormServer> serve_form(
    const std::string& address, const std::string& path,
    const std::function<std::string(std::string_view)>& handle, std::string& url)
{
  const auto listen = parse_listen_address(address, "127.0.0.1:9472");
  auto server = std::make_shared<http::FormServer>(
      listen.host, listen.port, path, [handle](std::string_view body) -> http::Page {
        return {.content_type = "application/json", .body = handle(body)};
      });
  url = fmt::format("http://{}:{}{}", listen.host, server->port(), path);
  return server;
}

}  // namespace pecanctl::cli
