// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::config {

/// A place in a file. Line and column (in characters) count from 1; 0 means "the file as a whole".
struct Position {
  int line = 0;
  int column = 0;
  auto operator<=>(const Position&) const = default;
};

enum class NodeKind { null, scalar, list, map };

/// One value of a YAML document, with its place. Children of a map carry their key and stand as
/// written.
struct Node {
  NodeKind kind = NodeKind::null;
  std::string scalar = {};
  bool was_quoted =
      false;  ///< also true for block scalars; false once a variable was expanded in it
  bool is_default = false;  ///< not in the file: filled in from the schema
  bool is_broken = false;   ///< a mistake in it is reported already: nothing more is said about it
  std::string origin = {};  ///< the variables in it, or who gave it instead of the file; else empty
  Position position = {};
  std::string key = {};
  Position key_position = {};
  std::vector<Node> children = {};

  /// The child of a map with this key, or nullptr.
  const Node* find(std::string_view name) const;
  /// The value at a path of keys, "consul.address", or nullptr.
  const Node* find_path(std::string_view path) const;
};

}  // namespace pecanctl::config
