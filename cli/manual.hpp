// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "cli/reference.hpp"

namespace pecanctl::cli {

struct ManualPage {
  std::string file = {};  ///< "pecanctl-deploy.1"
  std::string text = {};  ///< source in the macros of man(7)
};

/// pecanctl(1), one page for each command, and pecan.yml(5). What man/ holds: a test compares.
std::vector<ManualPage> render_manual(const Reference& reference);

}  // namespace pecanctl::cli
