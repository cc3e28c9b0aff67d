// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// What {{name}} stands for in templates/stack.yaml.
struct Placeholders {
  std::map<std::string, std::string, std::less<>> texts = {};
  std::map<std::string, Secret, std::less<>> secrets = {};

  /// `text` with every {{name}} filled in; whether a secret was among them.
  struct Filled {
    std::string text;
    bool is_secret = false;
  };

  /// @throws Error internal for a name that nobody knows.
  Filled fill(std::string_view text) const;
  /// Fills all texts of `service`. A variable with a secret in it becomes one.
  void fill(stack::Service& service) const;
};

}  // namespace pecanctl::project
