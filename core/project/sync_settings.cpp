// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/sync_settings.hpp"

#include <fmt/format.h>

#include "core/config/read.hpp"

namespace pecanctl::project {
namespace {

std::optional<std::int64_t> find_site(std::string_view text)
{
  const auto number = config::parse_integer(text);
  return number && *number >= 0 && *number <= k_last_site ? number : std::nullopt;
}

std::vector<std::int64_t> read_sites(const config::Node& map, std::string_view key,
                                     config::Diagnostics& diagnostics)
{
  std::vector<std::int64_t> sites;
  for (const auto& text : config::list_texts(map, key)) {
    if (const auto site = find_site(text)) {
      sites.push_back(*site);
    } else {
      diagnostics.add(map.find(key)->position, fmt::format("`{}` is no site number", text),
                      fmt::format("write numbers from 0 to {}", k_last_site));
    }
  }
  return sites;
}

void read_token(const config::Node& node, const std::filesystem::path& folder,
                config::Diagnostics& diagnostics, SyncSettings& settings)
{
  const auto site = find_site(node.key);
  const auto file = config::find_text(node, "file");
  const auto variable = config::find_text(node, "env");
  if (!site) {
    diagnostics.add(node.key_position, fmt::format("`{}` is no site number", node.key));
  } else if (file.has_value() == variable.has_value() && node.kind == config::NodeKind::map) {
    diagnostics.add(node.key_position,
                    fmt::format("tokens.{} needs `file` or `env`, one of them", node.key));
  } else {
    settings.tokens.emplace(
        *site, SecretReference{file ? (folder / *file).lexically_normal() : std::filesystem::path{},
                               variable.value_or(std::string{})});
  }
}

}  // namespace

SyncSettings read_sync_settings(const config::Node& root, const std::filesystem::path& folder,
                                config::Diagnostics& diagnostics)
{
  const auto& sync = config::map_or_empty(root, "sync");
  SyncSettings settings{.peers = read_sites(sync, "peers", diagnostics),
                        .trusted = read_sites(sync, "trusted", diagnostics),
                        .insecure = read_sites(sync, "insecure", diagnostics),
                        .max_age = config::find_duration(sync, "max_age")};
  for (const auto& node : config::map_or_empty(sync, "urls").children) {
    const auto site = find_site(node.key);
    const auto why = explain_site_url(node.scalar);
    if (!site) {
      diagnostics.add(node.key_position, fmt::format("`{}` is no site number", node.key));
    } else if (!why.empty()) {
      diagnostics.add(node.position, fmt::format("`{}` {}", node.scalar, why));
    } else {
      settings.urls.emplace(*site, node.scalar);
    }
  }
  for (const auto& node : config::map_or_empty(sync, "tokens").children) {
    read_token(node, folder, diagnostics, settings);
  }
  return settings;
}

}  // namespace pecanctl::project
