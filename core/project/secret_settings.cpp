// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/secret_settings.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/config/read.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::project {
namespace {

using config::Node;

// Whether it is one; else that is reported.
bool check_name(const Node& node, config::Diagnostics& diagnostics, const InstanceFile& file)
{
  const bool is_web = std::ranges::find(k_web_secret_names, node.key) != k_web_secret_names.end();
  if (file.profile != "full" && is_web) {
    diagnostics.add(node.key_position, fmt::format("the profile core has no secret {}", node.key),
                    "write `profile: full`");
    return false;
  }
  const auto names = secret_names(file.profile);
  if (std::ranges::find(names, node.key) == names.end()) {
    // Of a file full of mistakes most are only counted.
    auto hint = diagnostics.is_full() ? std::string{} : did_you_mean(node.key, names);
    diagnostics.add(node.key_position, fmt::format("unknown secret `{}`", node.key),
                    hint.empty() ? fmt::format("secrets: {}", fmt::join(names, ", ")) : hint);
    return false;
  }
  return true;
}

}  // namespace

void read_secret_settings(const Node& root, config::Diagnostics& diagnostics, InstanceFile& file)
{
  for (const auto& node : config::map_or_empty(root, "secrets").children) {
    if (!check_name(node, diagnostics, file)) {
      continue;
    }
    const auto path = config::find_text(node, "file");
    const auto variable = config::find_text(node, "env");
    if (path.has_value() == variable.has_value() && node.find("command") == nullptr &&
        node.kind == config::NodeKind::map) {
      diagnostics.add(node.key_position,
                      fmt::format("secrets.{} needs `file` or `env`, one of them", node.key));
      continue;
    }
    auto absolute = path ? (file.folder() / *path).lexically_normal() : std::filesystem::path{};
    absolute = path && !absolute.has_filename() ? absolute.parent_path() : absolute;
    file.secrets.emplace(node.key, SecretReference{absolute, variable.value_or(std::string{})});
  }
}

}  // namespace pecanctl::project
