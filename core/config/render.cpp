// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/render.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace pecanctl::config {
namespace {

using Json = nlohmann::ordered_json;

std::string join_path(std::string_view parent, std::string_view name)
{
  return parent.empty() ? std::string{name} : fmt::format("{}.{}", parent, name);
}

// Words that mean something else to this or another YAML reader, and what begins like a number.
bool is_plain_scalar(const Node& node)
{
  constexpr std::array<std::string_view, 9> k_words{"true", "false", "on", "off", "yes",
                                                    "no",   "null",  "y",  "n"};
  const auto& text = node.scalar;
  const bool is_safe = !text.empty() && std::ranges::all_of(text, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '.' || letter == '_' || letter == '-' ||
           letter == '/';
  });
  if (!is_safe || !node.was_quoted) {
    return is_safe;  // the schema takes it as it stands
  }
  const bool is_word = std::ranges::any_of(k_words, [&](std::string_view word) {
    return std::ranges::equal(word, text, {}, {}, [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
  });
  return !is_word && std::isalpha(static_cast<unsigned char>(text.front())) != 0;
}

std::string in_quotes(std::string_view text)
{
  std::string result = "\"";
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else if (byte < 0x20U || byte == 0x7FU) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += letter;
    }
  }
  return result + '"';
}

// A dollar sign of a value is no variable.
std::string render_scalar(const Node& node)
{
  if (is_plain_scalar(node)) {
    return node.scalar;
  }
  std::string text;
  for (const char letter : node.scalar) {
    text += letter == '$' ? "$$" : std::string{letter};
  }
  return in_quotes(text);
}

std::string render_key(std::string_view key)
{
  const bool is_plain =
      !key.empty() && std::isalpha(static_cast<unsigned char>(key.front())) != 0 &&
      std::ranges::all_of(key, [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '_' || letter == '-' || letter == '.';
      });
  return is_plain ? std::string{key} : in_quotes(key);
}

void append_yaml(std::string& text, const Node& node, std::size_t indent)
{
  for (const auto& child : node.children) {
    text += std::string(indent, ' ') + render_key(child.key) + ":";
    if (child.kind == NodeKind::map && !child.children.empty()) {
      text += '\n';
      append_yaml(text, child, indent + 2);
    } else if (child.kind == NodeKind::list) {
      std::vector<std::string> items;
      std::ranges::transform(child.children, std::back_inserter(items), render_scalar);
      text += fmt::format(" [{}]\n", fmt::join(items, ", "));
    } else {
      text += fmt::format(" {}\n", child.kind == NodeKind::scalar ? render_scalar(child) : "{}");
    }
  }
}

// The table's row for a name below a pattern, and the pattern of what is below that.
const Key* find_row(const Schema& schema, std::string_view parent, std::string_view name,
                    std::string& pattern)
{
  for (const auto candidate : {name, std::string_view{"*"}}) {
    pattern = join_path(parent, candidate);
    if (const auto* key = schema.find(pattern)) {
      return key;
    }
  }
  return nullptr;
}

Json scalar_to_json(const Node& node, const Key* key)
{
  const auto& text = node.scalar;
  if (key != nullptr && key->type == Type::integer) {
    return parse_integer(text).value_or(0);
  }
  if (key != nullptr && key->type == Type::number) {
    return parse_number(text).value_or(0);
  }
  if (key != nullptr && (key->type == Type::boolean || key->type == Type::map_or_off)) {
    return parse_boolean(text).value_or(false);
  }
  return text;
}

Json map_to_json(const Node& map, const Schema& schema, const std::string& parent)
{
  auto object = Json::object();
  for (const auto& child : map.children) {
    std::string pattern;
    const auto* key = find_row(schema, parent, child.key, pattern);
    if (child.kind == NodeKind::scalar) {
      object[child.key] = scalar_to_json(child, key);
    } else if (child.kind == NodeKind::list) {
      object[child.key] = Json::array();
      for (const auto& item : child.children) {
        object[child.key].push_back(item.scalar);
      }
    } else {
      object[child.key] = map_to_json(child, schema, pattern);
    }
  }
  return object;
}

void append_origins(std::vector<ValueOrigin>& found, const Node& map, const std::string& parent,
                    std::string_view file)
{
  for (const auto& child : map.children) {
    const auto key = join_path(parent, child.key);
    if (child.kind == NodeKind::map && !child.children.empty()) {
      append_origins(found, child, key, file);
      continue;
    }
    std::vector<std::string> items;
    std::ranges::transform(child.children, std::back_inserter(items), &Node::scalar);
    const auto place = fmt::format("{}:{}:{}", file, child.position.line, child.position.column);
    found.push_back({.key = key,
                     .value = child.kind == NodeKind::list
                                  ? fmt::format("{}", fmt::join(items, ", "))
                                  : child.scalar,
                     .origin = child.is_default           ? std::string{"default"}
                               : child.position.line == 0 ? child.origin
                               : child.origin.empty()     ? place
                                                          : place + ", from " + child.origin});
  }
}

}  // namespace

std::string render_yaml(const Node& root)
{
  std::string text;
  append_yaml(text, root, 0);
  return text;
}

std::string render_json(const Node& root, const Schema& schema)
{
  return map_to_json(root, schema, {}).dump();
}

std::vector<ValueOrigin> list_origins(const Node& root, std::string_view file)
{
  std::vector<ValueOrigin> found;
  append_origins(found, root, {}, file);
  return found;
}

void set_value(Node& root, std::string_view path, std::string value, std::string origin)
{
  auto* map = &root;
  const auto names = split(path, '.');
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_last = i + 1 == names.size();
    auto found = std::ranges::find(map->children, names[i], &Node::key);
    if (found == map->children.end()) {
      map->children.push_back(
          {.kind = is_last ? NodeKind::scalar : NodeKind::map, .key = names[i]});
      found = map->children.end() - 1;
    }
    map = &*found;
  }
  map->scalar = std::move(value);
  map->position = {};
  map->is_default = false;
  map->was_quoted = true;
  map->origin = std::move(origin);
}

}  // namespace pecanctl::config
