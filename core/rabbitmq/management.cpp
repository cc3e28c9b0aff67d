// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/management.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace pecanctl::rabbitmq {
namespace {

using nlohmann::json;

Error refusal(const std::string& what, const http::Response& response)
{
  const auto code =
      response.status == 401 || response.status == 403 ? ErrorCode::denied : ErrorCode::failed;
  return Error{{.code = code,
                .what = what,
                .why = fmt::format("RabbitMQ's management API answered {}: {}", response.status,
                                   response.body.substr(0, 500))}};
}

json parse_answer(const http::Response& response, const std::string& what)
{
  auto answer = json::parse(response.body, nullptr, false);
  if (answer.is_discarded()) {
    throw Error{{.code = ErrorCode::failed,
                 .what = what,
                 .why = "RabbitMQ's management API answered something other than JSON"}};
  }
  return answer;
}

// The value at `pointer`; nothing when it is absent or of another kind.
template <typename Value>
std::optional<Value> find_value(const json& object, const char* pointer)
{
  const json::json_pointer path{pointer};
  if (!object.is_object() || !object.contains(path)) {
    return std::nullopt;
  }
  const auto& value = object[path];
  constexpr bool k_is_text = std::is_same_v<Value, std::string>;
  const bool fits = std::is_same_v<Value, bool> ? value.is_boolean()
                    : k_is_text                 ? value.is_string()
                                                : value.is_number();
  return fits ? std::optional{value.get<Value>()} : std::nullopt;
}

QueueStatistics to_statistics(const json& queue)
{
  return {.name = find_value<std::string>(queue, "/name").value_or(""),
          .ready = find_value<std::uint64_t>(queue, "/messages_ready"),
          .unacknowledged = find_value<std::uint64_t>(queue, "/messages_unacknowledged"),
          .consumers = find_value<std::uint64_t>(queue, "/consumers"),
          .publish_rate = find_value<double>(queue, "/message_stats/publish_details/rate"),
          .ack_rate = find_value<double>(queue, "/message_stats/ack_details/rate"),
          .deliver_rate = find_value<double>(queue, "/message_stats/deliver_get_details/rate"),
          .acknowledged = find_value<std::uint64_t>(queue, "/message_stats/ack").value_or(0),
          .redelivered = find_value<std::uint64_t>(queue, "/message_stats/redeliver").value_or(0)};
}

bool is_same_policy(const json& found, const json& wanted)
{
  return std::ranges::all_of(wanted.items(), [&](const auto& item) {
    return found.is_object() && found.value(item.key(), json{}) == item.value();
  });
}

}  // namespace

Management::Management(std::unique_ptr<http::Transport> transport, std::string vhost)
    : transport_{std::move(transport)},
      vhost_{percent_encode(vhost)}
{
}

http::Response Management::call(http::Request request, const Deadline& deadline,
                                std::stop_token stop)
{
  request.headers.push_back({.name = "Accept", .value = "application/json"});
  if (!request.body.empty()) {
    request.headers.push_back({.name = "Content-Type", .value = "application/json"});
  }
  return transport_->send(request, deadline, std::move(stop));
}

std::vector<QueueStatistics> Management::list_queues(const Deadline& deadline, std::stop_token stop)
{
  const std::string what = "cannot list the broker's queues";
  const auto response =
      call({.target = fmt::format("/api/queues/{}", vhost_)}, deadline, std::move(stop));
  if (response.status != 200) {
    throw refusal(what, response);
  }
  std::vector<QueueStatistics> queues;
  for (const auto& queue : parse_answer(response, what)) {
    queues.push_back(to_statistics(queue));
  }
  return queues;
}

std::vector<NodeStatus> Management::list_nodes(const Deadline& deadline, std::stop_token stop)
{
  const std::string what = "cannot list the broker's nodes";
  const auto response = call({.target = "/api/nodes"}, deadline, std::move(stop));
  if (response.status != 200) {
    throw refusal(what, response);
  }
  std::vector<NodeStatus> nodes;
  for (const auto& node : parse_answer(response, what)) {
    nodes.push_back({.name = find_value<std::string>(node, "/name").value_or(""),
                     .has_memory_alarm = find_value<bool>(node, "/mem_alarm").value_or(false),
                     .has_disk_alarm = find_value<bool>(node, "/disk_free_alarm").value_or(false)});
  }
  return nodes;
}

bool Management::ensure_policy(std::string_view name, std::string_view pattern,
                               std::string_view definition, int priority, const Deadline& deadline,
                               std::stop_token stop)
{
  const auto what = fmt::format("cannot set policy '{}'", name);
  const auto target = fmt::format("/api/policies/{}/{}", vhost_, percent_encode(name));
  const json wanted{{"pattern", pattern},
                    {"definition", json::parse(definition)},
                    {"priority", priority},
                    {"apply-to", "queues"}};
  const auto found = call({.target = target}, deadline, stop);
  if (found.status == 200 && is_same_policy(parse_answer(found, what), wanted)) {
    return false;
  }
  if (found.status != 200 && found.status != 404) {
    throw refusal(what, found);
  }
  const auto written = call({.method = http::Method::put, .target = target, .body = wanted.dump()},
                            deadline, std::move(stop));
  if (written.status / 100 != 2) {
    throw refusal(what, written);
  }
  return true;
}

bool Management::remove_policy(std::string_view name, const Deadline& deadline,
                               std::stop_token stop)
{
  const auto target = fmt::format("/api/policies/{}/{}", vhost_, percent_encode(name));
  const auto response =
      call({.method = http::Method::del, .target = target}, deadline, std::move(stop));
  if (response.status != 404 && response.status / 100 != 2) {
    throw refusal(fmt::format("cannot remove policy '{}'", name), response);
  }
  return response.status != 404;
}

}  // namespace pecanctl::rabbitmq
