// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/key_reference.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::project {
namespace {

using config::Key;
using config::Type;

std::string shown_path(std::string_view path)
{
  auto parts = split(path, '.');
  std::ranges::replace(parts, "*", "NAME");
  return fmt::format("{}", fmt::join(parts, "."));
}

std::string describe_integer(const Key& key)
{
  return key.maximum == std::numeric_limits<std::int64_t>::max()
             ? fmt::format("integer, at least {}", key.minimum)
             : fmt::format("integer, {} to {}", key.minimum, key.maximum);
}

std::string describe_choices(const Key& key)
{
  auto choices = split(key.choices, '|');
  const auto later = split(key.later_choices, '|');
  std::erase_if(choices, [&](const std::string& choice) {
    return std::ranges::find(later, choice) != later.end();
  });
  return fmt::format("{}", fmt::join(choices, " or "));
}

std::string describe_type(const Key& key)
{
  switch (key.type) {
    case Type::string:
      return "text";
    case Type::integer:
      return describe_integer(key);
    case Type::number:
      return "number";
    case Type::boolean:
      return "true or false";
    case Type::size:
      return "size, such as 512MiB";
    case Type::duration:
      return "duration, such as 90s or 12h";
    case Type::choice:
      return describe_choices(key);
    case Type::map:
      return "map";
    case Type::list:
      return "list";
    case Type::map_or_off:
      return "map, or off";
  }
  return {};
}

}  // namespace

std::vector<KeyText> describe_keys(const config::Schema& schema)
{
  std::vector<KeyText> keys;
  std::vector<std::string> later;
  for (const auto& key : schema.keys()) {
    const bool is_below_later = std::ranges::any_of(
        later, [&](const std::string& parent) { return key.path.starts_with(parent + "."); });
    if (is_below_later || !key.not_yet.empty()) {
      later.emplace_back(key.path);
      continue;
    }
    keys.push_back({.path = shown_path(key.path),
                    .type = describe_type(key),
                    .fallback = std::string{key.fallback},
                    .meaning = std::string{key.description},
                    .is_required = key.is_required});
  }
  return keys;
}

}  // namespace pecanctl::project
