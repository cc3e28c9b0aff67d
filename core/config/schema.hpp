// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"

namespace pecanctl::config {

enum class Type {
  string,
  integer,
  number,
  boolean,
  size,      ///< "8GiB"
  duration,  ///< "12h"
  choice,    ///< one of `choices`
  map,  ///< nothing at all counts as an empty map; without keys below it in the table, anything may
        ///< be in it
  list,  ///< of scalars
  map_or_off,
};

/// What one key of a file means. The table of these is the only description there is: it drives
/// checking, suggestions, defaults, and the reference page.
struct Key {
  std::string_view path = {};  ///< "models.*.replicas"; `*` stands for any name
  Type type = Type::string;
  std::string_view description = {};
  std::string_view fallback = {};       ///< the default as one would write it; empty: none
  std::string_view choices = {};        ///< "auto|pull|build"
  std::string_view later_choices = {};  ///< those of `choices` that are refused with "not yet"
  std::string_view not_yet =
      {};  ///< what it waits for, when it is refused although it is right; empty: it works
  bool is_required = false;
  std::int64_t minimum = 0;  ///< of integers
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
};

/// A table of keys, and what follows from it.
class Schema {
 public:
  /// `keys` must outlive the schema: it is a constant table.
  explicit Schema(std::span<const Key> keys) : keys_{keys} {}

  std::span<const Key> keys() const { return keys_; }

  const Key* find(std::string_view path) const;
  /// The names that may stand below `parent` ("" for the top), in the order of the table.
  std::vector<std::string> names_below(std::string_view parent) const;
  /// Whether the table says anything about what stands below `parent`.
  bool describes_below(std::string_view parent) const;

  /// Reports unknown keys, wrong types, values out of range, missing keys, keys of later work.
  void check(const Node& root, Diagnostics& diagnostics) const;
  /// Adds what the file leaves out and the table has a default for.
  void fill_defaults(Node& root) const;

 private:
  std::span<const Key> keys_;
};

/// Why `text`, taken as an unquoted scalar, is no value for `key`: "must be a duration such as 12h,
/// not `x`". Empty when it is one.
std::string explain_mistake(const Key& key, std::string_view text);

/// Decimal digits with an optional sign, nothing else ("010" is ten, "0x10" is no number).
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);
/// true, false, on, off, yes, no. Lower case.
std::optional<bool> parse_boolean(std::string_view text);

}  // namespace pecanctl::config
