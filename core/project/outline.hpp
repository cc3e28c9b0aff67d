// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::project {

/// The names in a pecan.yml. For completion, which has to work while the file is being written.
struct Outline {
  std::string name = {};
  std::string profile = "full";
  std::vector<std::string> models = {};
  std::vector<std::string> services_off = {};  ///< standard services that the file switches off
  std::vector<std::string> sites = {};         ///< of sync.peers, else the names of `hosts`
};

/// Reads what can be read; mistakes in the file are not its business. No variable is expanded.
Outline read_outline(std::string_view text);

}  // namespace pecanctl::project
