// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/consul/consul.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/consul/wire.hpp"

namespace pecanctl::consul {
namespace {

/// Consul's own limit.
constexpr std::size_t k_most_operations = 64;

// Statuses that are answers where they are asked for.
constexpr int k_ok = 200;
constexpr int k_absent = 404;
constexpr int k_refused = 409;

// A key is a path: its slashes stay.
std::string encode_key(std::string_view key)
{
  std::string path;
  for (const auto& segment : split(key, '/')) {
    path += path.empty() ? "" : "/";
    path += percent_encode(segment);
  }
  return path;
}

http::Request get(std::string target)
{
  return {.method = http::Method::get, .target = std::move(target)};
}

http::Request put(std::string target, std::string body = {})
{
  return {.method = http::Method::put, .target = std::move(target), .body = std::move(body)};
}

}  // namespace

Client::Client(std::unique_ptr<http::Transport> transport) : transport_{std::move(transport)} {}

http::Response Client::call(const http::Request& request, int accepted, const Deadline& deadline,
                            std::stop_token stop)
{
  auto response = transport_->send(request, deadline, std::move(stop));
  if (response.status / 100 != 2 && response.status != accepted) {
    throw wire::refusal(response.status, response.body);
  }
  return response;
}

bool Client::has_leader(const Deadline& deadline, std::stop_token stop)
{
  const auto response = call(get("/v1/status/leader"), k_ok, deadline, std::move(stop));
  return !wire::parse_leader(response.body).empty();
}

std::optional<Entry> Client::find(std::string_view key, const Deadline& deadline,
                                  std::stop_token stop)
{
  const auto response = call(get(fmt::format("/v1/kv/{}?consistent", encode_key(key))), k_absent,
                             deadline, std::move(stop));
  if (response.status == 404) {
    return std::nullopt;
  }
  auto entries = wire::parse_entries(response.body);
  return entries.empty() ? std::nullopt : std::optional{std::move(entries.front())};
}

std::vector<Entry> Client::list(std::string_view prefix, const Deadline& deadline,
                                std::stop_token stop)
{
  const auto response = call(get(fmt::format("/v1/kv/{}?recurse&consistent", encode_key(prefix))),
                             k_absent, deadline, std::move(stop));
  return response.status == 404 ? std::vector<Entry>{} : wire::parse_entries(response.body);
}

bool Client::commit(std::span<const Operation> operations, const Deadline& deadline,
                    std::stop_token stop)
{
  if (operations.empty()) {
    return true;
  }
  const bool is_nameless = std::ranges::any_of(operations, &std::string::empty, &Operation::key);
  if (operations.size() > k_most_operations || is_nameless) {
    throw Error{
        {.code = ErrorCode::internal,
         .what = "a Consul transaction is malformed",
         .why = fmt::format("{} operations, each of which needs a key", operations.size())}};
  }
  const auto response = call(put("/v1/txn", wire::render_transaction(operations)), k_refused,
                             deadline, std::move(stop));
  return response.status == 200;
}

std::string Client::create_session(std::string_view name, std::chrono::seconds ttl,
                                   const Deadline& deadline, std::stop_token stop)
{
  const auto response = call(put("/v1/session/create", wire::render_session(name, ttl)), k_ok,
                             deadline, std::move(stop));
  return wire::parse_session_id(response.body);
}

bool Client::renew_session(std::string_view id, const Deadline& deadline, std::stop_token stop)
{
  const auto target = fmt::format("/v1/session/renew/{}", percent_encode(id));
  return call(put(target), k_absent, deadline, std::move(stop)).status == 200;
}

bool Client::remove_session(std::string_view id, const Deadline& deadline, std::stop_token stop)
{
  // Destroying answers `true` either way, so look first.
  const auto name = percent_encode(id);
  const auto found =
      call(get(fmt::format("/v1/session/info/{}?consistent", name)), k_ok, deadline, stop);
  call(put(fmt::format("/v1/session/destroy/{}", name)), k_ok, deadline, std::move(stop));
  return !wire::parse_sessions(found.body).empty();
}

std::vector<Session> Client::list_sessions(const Deadline& deadline, std::stop_token stop)
{
  return wire::parse_sessions(
      call(get("/v1/session/list?consistent"), k_ok, deadline, std::move(stop)).body);
}

void Client::register_service(const ServiceRegistration& service, const Deadline& deadline,
                              std::stop_token stop)
{
  call(
      put("/v1/agent/service/register?replace-existing-checks=true", wire::render_service(service)),
      k_ok, deadline, std::move(stop));
}

bool Client::deregister_service(std::string_view id, const Deadline& deadline, std::stop_token stop)
{
  // Old agents answer 200 for a service that they do not know, so look first.
  const auto known = list_service_ids(deadline, stop);
  if (std::ranges::find(known, id) == known.end()) {
    return false;
  }
  const auto target = fmt::format("/v1/agent/service/deregister/{}", percent_encode(id));
  return call(put(target), k_absent, deadline, std::move(stop)).status == 200;
}

std::vector<std::string> Client::list_service_ids(const Deadline& deadline, std::stop_token stop)
{
  return wire::parse_service_ids(
      call(get("/v1/agent/services"), k_ok, deadline, std::move(stop)).body);
}

}  // namespace pecanctl::consul
