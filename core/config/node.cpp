// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/node.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace pecanctl::config {

const Node* Node::find(std::string_view name) const
{
  if (kind != NodeKind::map) {
    return nullptr;
  }
  const auto found = std::ranges::find(children, name, &Node::key);
  return found == children.end() ? nullptr : &*found;
}

const Node* Node::find_path(std::string_view path) const
{
  const Node* node = this;
  for (const auto& name : split(path, '.')) {
    node = node->find(name);
    if (node == nullptr) {
      return nullptr;
    }
  }
  return node;
}

}  // namespace pecanctl::config
