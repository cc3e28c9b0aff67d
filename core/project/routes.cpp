// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/routes.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pecanctl::project {
namespace {

constexpr int k_http_port = 80;
constexpr int k_https_port = 443;
// A replica that is being replaced refuses connections before the proxy hears of it.
constexpr int k_attempts = 4;
constexpr std::string_view k_tls_files = R"(tls:
  certificates:
    - certFile: /run/pecanctl/tls.crt
      keyFile: /run/pecanctl/tls.key
)";

}  // namespace

std::string WebAddress::url(std::string_view machine) const
{
  const auto name = host.empty() ? std::string{machine} : host;
  const auto scheme = is_encrypted() ? "https" : "http";
  const auto used = is_encrypted() ? tls_port : port;
  return used == (is_encrypted() ? k_https_port : k_http_port)
             ? fmt::format("{}://{}", scheme, name)
             : fmt::format("{}://{}:{}", scheme, name, used);
}

std::map<std::string, std::string> route_labels(const std::string& service, const Route& route,
                                                const WebAddress& address)
{
  std::map<std::string, std::string> labels{{"traefik.enable", "true"}};
  std::vector<std::string> middlewares{service + "-retry"};
  labels.emplace(fmt::format("traefik.http.middlewares.{}-retry.retry.attempts", service),
                 std::to_string(k_attempts));
  labels.emplace(fmt::format("traefik.http.services.{}.loadbalancer.server.port", service),
                 std::to_string(route.port));
  if (route.is_stripped) {
    const auto path = route.path.substr(0, route.path.find_last_not_of('/') + 1);
    labels.emplace(fmt::format("traefik.http.middlewares.{}-strip.stripprefix.prefixes", service),
                   path);
    middlewares.push_back(service + "-strip");
  }
  for (const auto& [header, value] : route.headers) {
    labels.emplace(
        fmt::format("traefik.http.middlewares.{}-headers.headers.customrequestheaders.{}", service,
                    header),
        value);
  }
  if (!route.headers.empty()) {
    middlewares.push_back(service + "-headers");
  }
  const auto router = fmt::format("traefik.http.routers.{}.", service);
  labels.emplace(router + "rule",
                 fmt::format("{}PathPrefix(`{}`)",
                             address.host.empty() ? std::string{}
                                                  : fmt::format("Host(`{}`) && ", address.host),
                             route.path));
  labels.emplace(router + "entrypoints", address.is_encrypted() ? "websecure" : "web");
  labels.emplace(router + "middlewares", fmt::format("{}", fmt::join(middlewares, ",")));
  if (address.is_encrypted()) {
    labels.emplace(router + "tls", "true");
  }
  if (!address.acme_email.empty()) {
    labels.emplace(router + "tls.certresolver", "acme");
  }
  return labels;
}

void configure_proxy(const WebAddress& address, const Secret& certificate, const Secret& key,
                     stack::Service& proxy)
{
  proxy.ports.push_back(
      {.container_port = k_http_port, .host_ip = "0.0.0.0", .host_port = address.port});
  if (!address.is_encrypted()) {
    return;
  }
  proxy.ports.push_back(
      {.container_port = k_https_port, .host_ip = "0.0.0.0", .host_port = address.tls_port});
  const auto redirection = "--entrypoints.web.http.redirections.entrypoint.";
  proxy.command.insert(proxy.command.end(), {"--entrypoints.websecure.address=:443",
                                             fmt::format("{}to=:{}", redirection, address.tls_port),
                                             fmt::format("{}scheme=https", redirection)});
  if (!address.acme_email.empty()) {
    proxy.command.insert(proxy.command.end(),
                         {"--certificatesresolvers.acme.acme.email=" + address.acme_email,
                          "--certificatesresolvers.acme.acme.storage=/config/acme.json",
                          "--certificatesresolvers.acme.acme.httpchallenge=true",
                          "--certificatesresolvers.acme.acme.httpchallenge.entrypoint=web"});
    return;
  }
  proxy.command.emplace_back("--providers.file.filename=/run/pecanctl/tls.yml");
  proxy.files.push_back({.name = "tls.crt", .content = certificate});
  proxy.files.push_back({.name = "tls.key", .content = key});
  proxy.files.push_back({.name = "tls.yml", .content = Secret{std::string{k_tls_files}}});
}

}  // namespace pecanctl::project
