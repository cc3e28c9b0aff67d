// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <nlohmann/json.hpp>

#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/read.hpp"
#include "core/docker/request.hpp"

// What carries some labels: one kind of it, or all at once.
namespace pecanctl::docker {
namespace {

using Filter = std::span<const std::string>;  // "key=value" each

constexpr std::string_view k_containers = "list containers";
constexpr std::string_view k_networks = "list networks";
constexpr std::string_view k_volumes = "list volumes";

http::Request containers_with(Filter labels)
{
  return get(target_of("/containers/json", {{"all", "1"}, {"filters", label_filter(labels)}}));
}

http::Request networks_with(Filter labels)
{
  return get(target_of("/networks", {{"filters", label_filter(labels)}}));
}

http::Request volumes_with(Filter labels)
{
  return get(target_of("/volumes", {{"filters", label_filter(labels)}}));
}

std::vector<ContainerSummary> read_containers(const http::Response& response)
{
  std::vector<ContainerSummary> containers;
  for (const auto& row : parse_list(response.body)) {
    containers.push_back(read_summary(row));
  }
  return containers;
}

std::vector<Network> read_networks(const http::Response& response)
{
  std::vector<Network> networks;
  for (const auto& row : parse_list(response.body)) {
    networks.push_back(read_network(row));
  }
  return networks;
}

std::vector<Volume> read_volumes(const http::Response& response)
{
  std::vector<Volume> volumes;
  for_each_of(parse_object(response.body), "Volumes",
              [&](const Json& row) { volumes.push_back(read_volume(row)); });
  return volumes;
}

}  // namespace

std::vector<ContainerSummary> Engine::list_containers(std::span<const std::string> labels,
                                                      const Deadline& deadline,
                                                      std::stop_token stop)
{
  return read_containers(call(k_containers, containers_with(labels), deadline, std::move(stop)));
}

std::vector<Network> Engine::list_networks(std::span<const std::string> labels,
                                           const Deadline& deadline, std::stop_token stop)
{
  return read_networks(call(k_networks, networks_with(labels), deadline, std::move(stop)));
}

std::vector<Volume> Engine::list_volumes(std::span<const std::string> labels,
                                         const Deadline& deadline, std::stop_token stop)
{
  return read_volumes(call(k_volumes, volumes_with(labels), deadline, std::move(stop)));
}

Labelled Engine::list_labelled(std::span<const std::string> labels, const Deadline& deadline,
                               std::stop_token stop)
{
  std::vector<http::Request> requests{containers_with(labels), networks_with(labels),
                                      volumes_with(labels)};
  const auto width = requests.size();
  auto outcomes = send_all(std::move(requests), width, {}, deadline, std::move(stop));
  return {.containers = read_containers(checked(k_containers, std::move(outcomes[0]))),
          .networks = read_networks(checked(k_networks, std::move(outcomes[1]))),
          .volumes = read_volumes(checked(k_volumes, std::move(outcomes[2])))};
}

}  // namespace pecanctl::docker
