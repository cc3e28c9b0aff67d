// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/docker/engine.hpp"
#include "core/docker/json.hpp"
#include "core/docker/read.hpp"
#include "core/docker/request.hpp"

namespace pecanctl::docker {
namespace {

std::string network_path(std::string_view id)
{
  return fmt::format("/networks/{}", percent_encode(id));
}

std::string volume_path(std::string_view name)
{
  return fmt::format("/volumes/{}", percent_encode(name));
}

}  // namespace

std::optional<Network> Engine::find_network(std::string_view id_or_name, const Deadline& deadline,
                                            std::stop_token stop)
{
  const auto response = find(fmt::format("inspect network '{}'", id_or_name),
                             get(network_path(id_or_name)), deadline, std::move(stop));
  return response ? std::optional{read_network(parse_object(response->body))} : std::nullopt;
}

std::string Engine::create_network(std::string_view name, const Labels& labels,
                                   const Deadline& deadline, std::stop_token stop)
{
  const nlohmann::json config{
      {"Name", name}, {"CheckDuplicate", true}, {"Driver", "bridge"}, {"Labels", labels}};
  const auto response = call(fmt::format("create network '{}'", name),
                             post_json("/networks/create", config), deadline, std::move(stop));
  return text_of(parse_object(response.body), "Id");
}

bool Engine::remove_network(std::string_view id, const Deadline& deadline, std::stop_token stop)
{
  return remove(fmt::format("remove network '{}'", id), network_path(id), deadline,
                std::move(stop));
}

std::optional<Volume> Engine::find_volume(std::string_view name, const Deadline& deadline,
                                          std::stop_token stop)
{
  const auto response = find(fmt::format("inspect volume '{}'", name), get(volume_path(name)),
                             deadline, std::move(stop));
  return response ? std::optional{read_volume(parse_object(response->body))} : std::nullopt;
}

void Engine::create_volume(std::string_view name, const Labels& labels, const Deadline& deadline,
                           std::stop_token stop)
{
  call(fmt::format("create volume '{}'", name),
       post_json("/volumes/create", {{"Name", name}, {"Labels", labels}}), deadline,
       std::move(stop));
}

bool Engine::remove_volume(std::string_view name, const Deadline& deadline, std::stop_token stop)
{
  return remove(fmt::format("remove volume '{}'", name), volume_path(name), deadline,
                std::move(stop));
}

}  // namespace pecanctl::docker
