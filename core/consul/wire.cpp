// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/consul/wire.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/base64.hpp"
#include "core/base/text.hpp"

namespace pecanctl::consul::wire {
namespace {

using Json = nlohmann::json;

// Parses `body` and reads it with `read`; a shape that is not Consul's is an Error.
template <typename Read>
auto parsed(std::string_view body, Read&& read)
{
  try {
    return std::forward<Read>(read)(Json::parse(body));
  } catch (const Json::exception& error) {
    throw Error{{.code = ErrorCode::failed,
                 .what = "cannot read Consul's answer",
                 .why = escape_control(error.what())}};
  }
}

std::string text_or_empty(const Json& object, const char* name)
{
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? std::string{} : found->get<std::string>();
}

Entry read_entry(const Json& item)
{
  auto value = decode_base64(text_or_empty(item, "Value"));
  if (!value) {
    throw Error{{.code = ErrorCode::failed,
                 .what = "cannot read Consul's answer",
                 .why = "a value is not base64"}};
  }
  return {.key = item.at("Key").get<std::string>(),
          .value = std::move(*value),
          .modify_index = item.at("ModifyIndex").get<std::uint64_t>(),
          .session = text_or_empty(item, "Session")};
}

std::string_view verb_of(Operation::Kind kind)
{
  constexpr std::array<std::string_view, 8> k_verbs{
      "set", "cas", "delete", "delete-tree", "check-index", "check-session", "lock", "unlock"};
  return k_verbs.at(static_cast<std::size_t>(kind));
}

Json render_operation(const Operation& operation)
{
  using Kind = Operation::Kind;
  Json step{{"Verb", verb_of(operation.kind)}, {"Key", operation.key}};
  switch (operation.kind) {
    case Kind::set:
      step["Value"] = encode_base64(operation.value);
      break;
    case Kind::cas:
      step["Value"] = encode_base64(operation.value);
      step["Index"] = operation.index;
      break;
    case Kind::check_index:
      step["Index"] = operation.index;
      break;
    case Kind::check_session:
      step["Session"] = operation.session;
      break;
    case Kind::lock:
    case Kind::unlock:
      step["Value"] = encode_base64(operation.value);
      step["Session"] = operation.session;
      break;
    case Kind::remove:
    case Kind::remove_tree:
      break;
  }
  return Json{{"KV", std::move(step)}};
}

std::string seconds(std::chrono::seconds duration)
{
  return fmt::format("{}s", duration.count());
}

// Answers that mean "not now": no leader, or the way to it is broken.
bool is_without_leader(std::string_view body)
{
  constexpr std::array<std::string_view, 5> k_signs{"No cluster leader", "not the leader",
                                                    "leadership lost", "No path to datacenter",
                                                    "rpc error getting client"};
  return std::ranges::any_of(
      k_signs, [&](std::string_view sign) { return body.find(sign) != std::string_view::npos; });
}

}  // namespace

std::vector<Entry> parse_entries(std::string_view body)
{
  auto entries = parsed(body, [](const Json& list) {
    std::vector<Entry> found;
    std::ranges::transform(list, std::back_inserter(found), read_entry);
    return found;
  });
  std::ranges::sort(entries, {}, &Entry::key);
  return entries;
}

std::string render_transaction(std::span<const Operation> operations)
{
  auto list = Json::array();
  std::ranges::transform(operations, std::back_inserter(list), render_operation);
  return list.dump();
}

std::string render_session(std::string_view name, std::chrono::seconds ttl)
{
  return Json{{"Name", name}, {"TTL", seconds(ttl)}, {"LockDelay", "0s"}, {"Behavior", "release"}}
      .dump();
}

std::string parse_session_id(std::string_view body)
{
  return parsed(body, [](const Json& session) { return session.at("ID").get<std::string>(); });
}

std::vector<Session> parse_sessions(std::string_view body)
{
  return parsed(body, [](const Json& list) {
    std::vector<Session> sessions;
    for (const auto& item : list) {
      sessions.push_back({.id = item.at("ID").get<std::string>(),
                          .name = text_or_empty(item, "Name"),
                          .node = text_or_empty(item, "Node")});
    }
    return sessions;
  });
}

std::string render_service(const ServiceRegistration& service)
{
  Json body{{"ID", service.id},     {"Name", service.name}, {"Address", service.address},
            {"Port", service.port}, {"Tags", service.tags}, {"Meta", service.meta}};
  if (service.check) {
    Json check{{"Interval", seconds(service.check->interval)},
               {"DeregisterCriticalServiceAfter", seconds(service.check->deregister_after)}};
    check[service.check->http.empty() ? "TCP" : "HTTP"] =
        service.check->http.empty() ? service.check->tcp : service.check->http;
    body["Check"] = std::move(check);
  }
  return body.dump();
}

std::vector<std::string> parse_service_ids(std::string_view body)
{
  return parsed(body, [](const Json& services) {
    std::vector<std::string> ids;
    for (const auto& [id, service] : services.get_ref<const Json::object_t&>()) {
      ids.push_back(id);
    }
    return ids;
  });
}

std::string parse_leader(std::string_view body)
{
  return parsed(body, [](const Json& leader) { return leader.get<std::string>(); });
}

Error refusal(int status, std::string_view body)
{
  constexpr std::size_t k_longest = 500;
  ErrorInfo info{.code = ErrorCode::failed,
                 .what = "cannot use Consul",
                 .why = fmt::format("Consul answered {}: {}", status,
                                    escape_control(trim(body).substr(0, k_longest)))};
  if (status == 401 || status == 403) {
    info.code = ErrorCode::denied;
    info.hint = "set CONSUL_HTTP_TOKEN to a token with enough rights";
  } else if (status == 429 || status == 503 || (status == 500 && is_without_leader(body))) {
    info.code = ErrorCode::unreachable;
  }
  return Error{std::move(info)};
}

}  // namespace pecanctl::consul::wire
