// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "core/config/schema.hpp"

namespace pecanctl::project {

/// A key of a configuration file in words, for the reference page.
struct KeyText {
  std::string path = {};      ///< "models.NAME.replicas"
  std::string type = {};      ///< "integer, 0 to 512"
  std::string fallback = {};  ///< the default; empty: none
  std::string meaning = {};
  bool is_required = false;
};

/// Every key of `schema` that works today, in the order of the table: those that wait for something
/// are left out with all below them, and so are the choices that do.
std::vector<KeyText> describe_keys(const config::Schema& schema);

}  // namespace pecanctl::project
