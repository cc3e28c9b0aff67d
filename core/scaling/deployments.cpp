// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/deployments.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pecanctl::scaling {
namespace {

using nlohmann::json;

std::optional<Deployment> parse_deployment(std::string_view text)
{
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("request") || !value.contains("status")) {
    return std::nullopt;
  }
  const auto status = parse_status(value["status"].dump());
  if (!status) {
    return std::nullopt;
  }
  const auto reply_to = value.find("reply_to");
  try {
    return Deployment{.request = parse_request(value["request"].dump()),
                      .status = *status,
                      .reply_to = reply_to != value.end() && reply_to->is_string()
                                      ? reply_to->get<std::string>()
                                      : std::string{}};
  } catch (const Error&) {
    return std::nullopt;  // of another version
  }
}

}  // namespace

std::string deployment_key(std::string_view instance, std::string_view request)
{
  return fmt::format("pecan/instances/{}/deployments/{}", instance, request);
}

std::string render_deployment(const Deployment& deployment)
{
  return json{{"v", 1},
              {"request", json::parse(render_request(deployment.request))},
              {"status", json::parse(render_status(deployment.status))},
              {"reply_to", deployment.reply_to}}
      .dump();
}

std::optional<Deployment> find_deployment(consul::Client& client, std::string_view instance,
                                          std::string_view request, const Deadline& deadline,
                                          const std::stop_token& stop)
{
  const auto entry = client.find(deployment_key(instance, request), deadline, stop);
  return entry ? parse_deployment(entry->value) : std::nullopt;
}

std::vector<Deployment> list_deployments(consul::Client& client, std::string_view instance,
                                         const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Deployment> deployments;
  for (const auto& entry : client.list(deployment_key(instance, ""), deadline, stop)) {
    if (auto deployment = parse_deployment(entry.value)) {
      deployments.push_back(std::move(*deployment));
    }
  }
  std::ranges::stable_sort(deployments, {}, [](const Deployment& one) { return one.request.at; });
  return deployments;
}

consul::Operation make_deployment(std::string_view instance, const Deployment& deployment)
{
  return {.kind = consul::Operation::Kind::set,
          .key = deployment_key(instance, deployment.request.id),
          .value = render_deployment(deployment)};
}

}  // namespace pecanctl::scaling
