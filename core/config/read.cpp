// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/read.hpp"

#include "core/base/text.hpp"
#include "core/config/schema.hpp"

namespace pecanctl::config {
namespace {

// What `parse` makes of the scalar, if there is a sound one.
template <typename Parse>
auto find_parsed(const Node& map, std::string_view name, Parse parse)
    -> decltype(parse(std::string_view{}))
{
  const auto text = find_text(map, name);
  return text ? parse(*text) : std::nullopt;
}

}  // namespace

std::optional<std::string> find_text(const Node& map, std::string_view name)
{
  const auto* node = map.find(name);
  const bool is_sound = node != nullptr && node->kind == NodeKind::scalar && !node->is_broken;
  return is_sound ? std::optional{node->scalar} : std::nullopt;
}

std::string text_or(const Node& map, std::string_view name, std::string_view fallback)
{
  return find_text(map, name).value_or(std::string{fallback});
}

std::optional<std::int64_t> find_integer(const Node& map, std::string_view name)
{
  return find_parsed(map, name, parse_integer);
}

std::optional<double> find_number(const Node& map, std::string_view name)
{
  return find_parsed(map, name, parse_number);
}

std::optional<bool> find_boolean(const Node& map, std::string_view name)
{
  return find_parsed(map, name, parse_boolean);
}

std::optional<std::uint64_t> find_size(const Node& map, std::string_view name)
{
  return find_parsed(map, name, parse_size);
}

std::optional<std::chrono::milliseconds> find_duration(const Node& map, std::string_view name)
{
  return find_parsed(map, name, parse_duration);
}

std::vector<std::string> list_texts(const Node& map, std::string_view name)
{
  std::vector<std::string> texts;
  const auto* node = map.find(name);
  if (node != nullptr && node->kind == NodeKind::list) {
    for (const auto& item : node->children) {
      texts.push_back(item.scalar);
    }
  }
  return texts;
}

const Node& map_or_empty(const Node& map, std::string_view name)
{
  static const Node k_empty{.kind = NodeKind::map};
  const auto* node = map.find(name);
  return node != nullptr && node->kind == NodeKind::map ? *node : k_empty;
}

}  // namespace pecanctl::config
