// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/resolve.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"

namespace pecanctl::project {
namespace {

using config::Node;
using config::NodeKind;

constexpr std::string_view k_hidden = "‹secret›";

Node& map_in(Node& parent, std::string_view key)
{
  auto found = std::ranges::find(parent.children, key, &Node::key);
  if (found == parent.children.end()) {
    parent.children.push_back({.kind = NodeKind::map, .key = std::string{key}});
    found = parent.children.end() - 1;
  }
  found->kind = found->kind == NodeKind::null ? NodeKind::map : found->kind;
  return *found;
}

void add_default(Node& map, std::string_view key, std::string value, bool is_text = true)
{
  if (!value.empty() && map.find(key) == nullptr) {
    map.children.push_back({.kind = NodeKind::scalar,
                            .scalar = std::move(value),
                            .was_quoted = is_text,
                            .is_default = true,
                            .key = std::string{key}});
  }
}

// Exactly these bytes, in the largest unit that has no remainder.
std::string exact_size(std::uint64_t bytes)
{
  constexpr std::array<std::string_view, 4> k_units{"", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  while (bytes > 0 && bytes % 1024 == 0 && unit + 1 < k_units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, k_units.at(unit));
}

void add_memory(Node& map, std::uint64_t bytes)
{
  if (bytes > 0) {
    add_default(map, "memory", exact_size(bytes), false);
  }
}

void fill_models(Node& root, const Catalogue& catalogue)
{
  for (auto& model : map_in(root, "models").children) {
    if (const auto known = catalogue.models.find(model.key); known != catalogue.models.end()) {
      add_default(model, "type", known->second.type);
      add_default(model, "version", known->second.version);
      add_default(model, "worker", known->second.worker == WorkerKind::pecan ? "pecan" : "stock");
    } else {
      add_default(model, "worker", "stock");
    }
    add_memory(model, catalogue.worker.limits.memory);
  }
}

void fill_services(Node& root, const Catalogue& catalogue, bool is_full)
{
  auto& services = map_in(root, "services");
  const auto fill = [&](const stack::Service& service) {
    if (auto& node = map_in(services, service.name);
        node.kind == NodeKind::map && node.find("external") == nullptr) {
      add_memory(node, service.limits.memory);
    }
  };
  std::ranges::for_each(catalogue.services, fill);
  if (is_full) {
    std::ranges::for_each(catalogue.web_services, fill, &WebService::service);
  }
}

void fill_secrets(Node& root, std::string_view profile)
{
  auto& secrets = map_in(root, "secrets");
  for (const auto& name : secret_names(profile)) {
    if (secrets.find(name) == nullptr) {
      add_default(map_in(secrets, name), "file", fmt::format("secrets/{}", name));
    }
  }
}

// "http://user:password@host"
void hide_passwords(Node& node)
{
  const auto begin = node.scalar.find("://");
  const auto end = begin == std::string::npos ? begin : node.scalar.find('@', begin);
  const auto slash = begin == std::string::npos ? begin : node.scalar.find('/', begin + 3);
  if (end != std::string::npos && end < slash) {
    const auto colon = node.scalar.find(':', begin + 3);
    if (colon < end) {
      node.scalar.replace(colon + 1, end - colon - 1, k_hidden);
    }
  }
  std::ranges::for_each(node.children, hide_passwords);
}

}  // namespace

Node resolve_instance_file(const InstanceSource& source, const config::Lookup& lookup,
                           const Catalogue& catalogue)
{
  const auto profile =  // says what is wrong with it
      parse_instance_file(source.text, source.path, lookup, catalogue).profile;
  config::Diagnostics diagnostics{source.path.filename().string(), source.text};
  auto root = config::parse_document(source.text, diagnostics);
  config::expand_variables(root, lookup, diagnostics);
  instance_schema().fill_defaults(root);
  fill_models(root, catalogue);
  fill_services(root, catalogue, profile == "full");
  fill_secrets(root, profile);
  hide_passwords(root);
  return root;
}

void hide_secrets(Node& root, const Secrets& secrets)
{
  for (const auto* secret : {&secrets.postgres, &secrets.rabbitmq, &secrets.bety, &secrets.bety_key,
                             &secrets.admin, &secrets.rstudio}) {
    const auto& text = secret->reveal();
    auto at = text.empty() ? std::string::npos : root.scalar.find(text);
    for (; at != std::string::npos; at = root.scalar.find(text, at + k_hidden.size())) {
      root.scalar.replace(at, text.size(), k_hidden);
    }
  }
  for (auto& child : root.children) {
    hide_secrets(child, secrets);
  }
}

}  // namespace pecanctl::project
