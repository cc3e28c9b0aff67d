// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/config/render.hpp"

namespace pecanctl::config {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson describe_map(const Schema& schema, const std::string& path);

OrderedJson describe_integer(const Key& key)
{
  OrderedJson result{{"type", "integer"}, {"minimum", key.minimum}};
  if (key.maximum != Key{}.maximum) {
    result["maximum"] = key.maximum;
  }
  return result;
}

OrderedJson describe_choice(const Key& key)
{
  auto words = OrderedJson::array();
  const auto later = split(key.later_choices, '|');
  for (const auto& word : split(key.choices, '|')) {
    if (std::find(later.begin(), later.end(), word) == later.end()) {
      words.push_back(word);
    }
  }
  return {{"enum", words}};
}

// As other YAML readers hand it over: `1.8` is a number to them, and `off` may be false.
OrderedJson describe_scalar(const Key& key)
{
  constexpr const char* k_size = R"(^\s*[0-9]+(\.[0-9]+)?\s*([KMGT]i?B|B)?\s*$)";
  constexpr const char* k_duration = R"(^\s*([0-9]+(\.[0-9]+)?(ms|s|m|h|d)\s*)+$)";
  switch (key.type) {
    case Type::integer:
      return describe_integer(key);
    case Type::number:
      return {{"type", "number"}};
    case Type::boolean:
      return {{"enum", {true, false, "true", "false", "on", "off", "yes", "no"}}};
    case Type::size:
      return {{"type", {"string", "integer"}}, {"pattern", k_size}};
    case Type::duration:
      return {{"type", "string"}, {"pattern", k_duration}};
    case Type::choice:
      return describe_choice(key);
    case Type::list:
      return {{"type", "array"}, {"items", {{"type", {"string", "number", "boolean"}}}}};
    default:
      return {{"type", {"string", "number", "boolean"}}, {"minLength", 1}};
  }
}

OrderedJson describe_key(const Schema& schema, const Key& key)
{
  OrderedJson result{{"description", key.description}};
  if (!key.fallback.empty()) {
    result["default"] = key.type == Type::integer
                            ? OrderedJson(parse_integer(key.fallback).value_or(0))
                            : OrderedJson(key.fallback);
  }
  const std::string path{key.path};
  if (key.type == Type::map) {
    result.update(describe_map(schema, path));
  } else if (key.type == Type::map_or_off) {
    result["anyOf"] = {describe_map(schema, path), {{"enum", {false, "off", "no", "false"}}}};
  } else if (key.type == Type::string || key.type == Type::list) {
    result.update(describe_scalar(key));
  } else {
    result["anyOf"] = {describe_scalar(key),
                       {{"type", "string"}, {"pattern", R"(\$\{[^}]+\})"}}};  // a variable
  }
  return result;
}

OrderedJson describe_map(const Schema& schema, const std::string& path)
{
  OrderedJson result{{"type", {"object", "null"}}};  // nothing at all is an empty map
  if (!path.empty() && !schema.describes_below(path)) {
    return result;
  }
  auto properties = OrderedJson::object();
  auto required = OrderedJson::array();
  for (const auto& name : schema.names_below(path)) {
    const auto* key = schema.find(path.empty() ? name : fmt::format("{}.{}", path, name));
    if (key->not_yet.empty()) {
      properties[name] = describe_key(schema, *key);
    }
    if (key->is_required) {
      required.push_back(name);
    }
  }
  const auto* any = schema.find(path.empty() ? "*" : path + ".*");
  result["properties"] = properties;
  result["additionalProperties"] = any == nullptr ? OrderedJson(false) : describe_key(schema, *any);
  if (!required.empty()) {
    result["type"] = "object";
    result["required"] = required;
  }
  return result;
}

}  // namespace

std::string render_json_schema(const Schema& schema, std::string_view id, std::string_view title)
{
  OrderedJson result{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"$id", id}, {"title", title}};
  result.update(describe_map(schema, {}));
  return result.dump(2);
}

}  // namespace pecanctl::config
