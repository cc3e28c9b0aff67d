// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/outline.hpp"

#include "core/config/document.hpp"
#include "core/config/read.hpp"

namespace pecanctl::project {
namespace {

std::vector<std::string> keys_of(const config::Node& map)
{
  std::vector<std::string> keys;
  for (const auto& child : map.children) {
    keys.push_back(child.key);
  }
  return keys;
}

config::Node parse_leniently(std::string_view text)
{
  try {
    config::Diagnostics ignored{"pecan.yml", text};
    return config::parse_document(text, ignored);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

Outline read_outline(std::string_view text)
{
  const auto root = parse_leniently(text);
  Outline outline{.name = config::text_or(root, "name"),
                  .profile = config::text_or(root, "profile", "full"),
                  .models = keys_of(config::map_or_empty(root, "models")),
                  .sites = config::list_texts(config::map_or_empty(root, "sync"), "peers")};
  for (const auto& service : config::map_or_empty(root, "services").children) {
    if (service.kind == config::NodeKind::scalar && service.scalar == "off") {
      outline.services_off.push_back(service.key);
    }
  }
  if (outline.sites.empty()) {
    outline.sites = keys_of(config::map_or_empty(root, "hosts"));
  }
  return outline;
}

}  // namespace pecanctl::project
