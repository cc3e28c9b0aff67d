// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/schema.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::config {
namespace {

// Where a value stands: as in the table ("models.*"), and as in the file ("models.sipnet").
struct Place {
  std::string pattern;
  std::string shown;
};

std::string join(std::string_view parent, std::string_view name)
{
  return parent.empty() ? std::string{name} : fmt::format("{}.{}", parent, name);
}

bool is_map(Type type)
{
  return type == Type::map || type == Type::map_or_off;
}

// The table's row for a name below `parent`, and where that is.
const Key* resolve(const Schema& schema, std::string_view parent, std::string_view name,
                   Place& place)
{
  place.shown = join(place.shown, name);
  for (const auto candidate : {name, std::string_view{"*"}}) {
    place.pattern = join(parent, candidate);
    if (const auto* key = schema.find(place.pattern)) {
      return key;
    }
  }
  return nullptr;
}

// "a whole number", for "must be …".
std::string describe(const Key& key)
{
  switch (key.type) {
    case Type::string:
      return "a text";
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::boolean:
      return "true or false";
    case Type::size:
      return "a size such as 512MiB";
    case Type::duration:
      return "a duration such as 12h";
    case Type::choice:
      return fmt::format("one of {}", fmt::join(split(key.choices, '|'), ", "));
    case Type::map:
      return "a map of keys";
    case Type::list:
      return "a list";
    case Type::map_or_off:
      return "a map of keys, or off";
  }
  return {};
}

bool is_choice(std::string_view choices, std::string_view text)
{
  const auto known = split(choices, '|');
  return std::ranges::find(known, text) != known.end();
}

// A quoted text is a text: "2" is no number.
bool has_type(const Node& node, const Key& key)
{
  if (node.kind == NodeKind::map || (node.kind == NodeKind::null && is_map(key.type))) {
    return is_map(key.type);
  }
  if (node.kind == NodeKind::list) {
    return key.type == Type::list && std::ranges::all_of(node.children, [](const Node& item) {
             return item.kind == NodeKind::scalar;
           });
  }
  const auto& text = node.scalar;
  const bool is_plain = !node.was_quoted;
  switch (key.type) {
    case Type::string:
      return !text.empty();
    case Type::integer:
      return is_plain && parse_integer(text).has_value();
    case Type::number:
      return is_plain && parse_number(text).has_value();
    case Type::boolean:
      return is_plain && parse_boolean(text).has_value();
    case Type::size:
      return parse_size(text).has_value();
    case Type::duration:
      return parse_duration(text).has_value();
    case Type::choice:
      return is_choice(key.choices, text);
    case Type::map_or_off:
      return is_plain && parse_boolean(text) == false;
    case Type::map:
    case Type::list:
      return false;
  }
  return false;
}

// Of an integer out of its bounds; empty for all else.
std::string explain_range(const Key& key, std::string_view text)
{
  const auto value = key.type == Type::integer ? parse_integer(text) : std::nullopt;
  if (!value || (*value >= key.minimum && *value <= key.maximum)) {
    return {};
  }
  return key.maximum == Key{}.maximum
             ? fmt::format("must be at least {}, not {}", key.minimum, text)
             : fmt::format("must be between {} and {}, not {}", key.minimum, key.maximum, text);
}

class Checker {
 public:
  Checker(const Schema& schema, Diagnostics& diagnostics)
      : schema_{schema},
        diagnostics_{diagnostics}
  {
  }

  void check_map(const Node& map, const Place& place)
  {
    for (const auto& child : map.children) {
      auto inner = place;
      const auto* key = resolve(schema_, place.pattern, child.key, inner);
      if (key == nullptr) {
        report_unknown(child, place);
      } else {
        check_value(child, *key, inner);
      }
    }
    for (const auto& name : schema_.names_below(place.pattern)) {
      if (schema_.find(join(place.pattern, name))->is_required && map.find(name) == nullptr) {
        diagnostics_.add(map.key_position, fmt::format("`{}` is missing", join(place.shown, name)),
                         fmt::format("add `{}: …`", name));
      }
    }
  }

 private:
  void report_unknown(const Node& child, const Place& place)
  {
    if (diagnostics_.is_full()) {
      diagnostics_.add(child.key_position, {});
      return;
    }
    const auto known = schema_.names_below(place.pattern);
    auto hint = did_you_mean(child.key, known);
    if (hint.empty()) {
      hint = fmt::format("known keys: {}", fmt::join(known, ", "));
    }
    const auto where = place.shown.empty() ? std::string{} : " in " + place.shown;
    diagnostics_.add(child.key_position, fmt::format("unknown key `{}`{}", child.key, where), hint);
  }

  void check_value(const Node& node, const Key& key, const Place& place)
  {
    if (!key.not_yet.empty()) {
      diagnostics_.add(node.key_position, fmt::format("not yet: {}", key.not_yet),
                       fmt::format("remove `{}`", place.shown));
    }
    if (node.is_broken) {
      return;
    }
    if (!has_type(node, key)) {
      report_type(node, key, place);
    } else if (node.kind == NodeKind::map) {
      if (schema_.describes_below(place.pattern)) {
        check_map(node, place);
      }
    } else if (const auto mistake = explain_range(key, node.scalar); !mistake.empty()) {
      diagnostics_.add(node.position, fmt::format("`{}` {}", place.shown, mistake));
    } else if (key.type == Type::choice && is_choice(key.later_choices, node.scalar)) {
      diagnostics_.add(node.position, fmt::format("not yet: `{}: {}`", place.shown, node.scalar));
    }
  }

  void report_type(const Node& node, const Key& key, const Place& place)
  {
    if (node.kind == NodeKind::null) {
      diagnostics_.add(node.key_position, fmt::format("`{}` has no value", place.shown),
                       fmt::format("give it {}", describe(key)));
      return;
    }
    const auto found = node.kind == NodeKind::map    ? std::string{"a map"}
                       : node.kind == NodeKind::list ? std::string{"a list"}
                                                     : fmt::format("`{}`", node.scalar);
    std::string hint;
    if (key.type == Type::choice) {
      hint = did_you_mean(node.scalar, split(key.choices, '|'));
    } else if (node.was_quoted && key.type != Type::map && key.type != Type::list) {
      hint = "remove the quotes";
    }
    diagnostics_.add(node.position,
                     fmt::format("`{}` must be {}, not {}", place.shown, describe(key), found),
                     hint);
  }

  const Schema& schema_;
  Diagnostics& diagnostics_;
};

void fill_map(const Schema& schema, Node& map, const std::string& pattern)
{
  for (auto& child : map.children) {
    Place place;
    const auto* key = resolve(schema, pattern, child.key, place);
    if (key != nullptr && is_map(key->type) && child.kind != NodeKind::scalar) {
      child.kind = NodeKind::map;
      fill_map(schema, child, place.pattern);
    }
  }
  for (const auto& name : schema.names_below(pattern)) {
    const auto fallback = schema.find(join(pattern, name))->fallback;
    if (!fallback.empty() && map.find(name) == nullptr) {
      map.children.push_back({.kind = NodeKind::scalar,
                              .scalar = std::string{fallback},
                              .is_default = true,
                              .position = map.key_position,
                              .key = name,
                              .key_position = map.key_position});
    }
  }
}

}  // namespace

const Key* Schema::find(std::string_view path) const
{
  const auto found = std::ranges::find(keys_, path, &Key::path);
  return found == keys_.end() ? nullptr : &*found;
}

std::vector<std::string> Schema::names_below(std::string_view parent) const
{
  std::vector<std::string> names;
  for (const auto& key : keys_) {
    const auto dot = key.path.rfind('.');
    const auto folder =
        dot == std::string_view::npos ? std::string_view{} : key.path.substr(0, dot);
    const auto name = dot == std::string_view::npos ? key.path : key.path.substr(dot + 1);
    if (folder == parent && name != "*") {
      names.emplace_back(name);
    }
  }
  return names;
}

bool Schema::describes_below(std::string_view parent) const
{
  return std::ranges::any_of(keys_, [&](const Key& key) {
    return key.path.starts_with(parent) && key.path.substr(parent.size()).starts_with('.');
  });
}

void Schema::check(const Node& root, Diagnostics& diagnostics) const
{
  if (root.kind != NodeKind::map && root.kind != NodeKind::null) {
    diagnostics.add(root.position, "the file must be a map of keys");
    return;
  }
  Checker{*this, diagnostics}.check_map(root, {});
}

void Schema::fill_defaults(Node& root) const
{
  if (root.kind == NodeKind::null) {
    root.kind = NodeKind::map;
  }
  fill_map(*this, root, {});
}

std::string explain_mistake(const Key& key, std::string_view text)
{
  const Node node{.kind = NodeKind::scalar, .scalar = std::string{text}};
  return has_type(node, key) ? explain_range(key, text)
                             : fmt::format("must be {}, not `{}`", describe(key), text);
}

std::optional<std::int64_t> parse_integer(std::string_view text)
{
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional{value} : std::nullopt;
}

std::optional<double> parse_number(std::string_view text)
{
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::general);
  return error == std::errc{} && stop == end ? std::optional{value} : std::nullopt;
}

std::optional<bool> parse_boolean(std::string_view text)
{
  if (text == "true" || text == "on" || text == "yes") {
    return true;
  }
  if (text == "false" || text == "off" || text == "no") {
    return false;
  }
  return std::nullopt;
}

}  // namespace pecanctl::config
