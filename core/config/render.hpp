// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/node.hpp"
#include "core/config/schema.hpp"

namespace pecanctl::config {

/// A checked tree as YAML that parses to the same tree: every text quoted where it could be taken
/// for something else, every dollar sign doubled. Ends with a newline. Pure.
std::string render_yaml(const Node& root);

/// The same tree as JSON text, each scalar of the type that `schema` gives it (sizes and durations
/// stay texts). Pure.
std::string render_json(const Node& root, const Schema& schema);

/// One value, and where it came from: "pecan.yml:3:7", "pecan.yml:3:7, from RELEASE", "--instance",
/// "default".
struct ValueOrigin {
  std::string key;  ///< "models.sipnet.replicas"
  std::string value;
  std::string origin;
};

/// Every scalar of the tree, in its order. A list is one value. Pure.
std::vector<ValueOrigin> list_origins(const Node& root, std::string_view file);

/// Puts a scalar at a path of keys, for a value that does not come from the file. `origin` says who
/// gives it.
void set_value(Node& root, std::string_view path, std::string value, std::string origin);

/// The JSON Schema (draft 2020-12) of the files that `schema` describes, as text. What is refused
/// with "not yet" is left out, so that it is refused there too. Cross-checks between keys, and
/// duplicate keys, are beyond it. Pure.
std::string render_json_schema(const Schema& schema, std::string_view id, std::string_view title);

}  // namespace pecanctl::config
