// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string_view>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"

namespace pecanctl::config {

/// What a document may cost us at most: a 332-byte file can otherwise stand for 2·10^7 nodes.
struct Limits {
  std::size_t bytes = std::size_t{1} << 20U;
  std::size_t depth = 64;
  std::size_t nodes = 100'000;
};

/// The tree of the one YAML document in `text`. Stricter than YAML: duplicate keys, keys that are
/// not plain words, aliases, anchors, tags, merge keys and further documents go to `diagnostics`.
/// An empty text is a null node.
/// @throws Error invalid at once when reading on makes no sense: syntax, size, encoding.
Node parse_document(std::string_view text, Diagnostics& diagnostics, const Limits& limits = {});

}  // namespace pecanctl::config
