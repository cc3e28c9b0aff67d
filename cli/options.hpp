// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>

namespace pecanctl::cli {

/// Flags that every command understands, wherever they stand on the line.
struct GlobalOptions {
  std::string directory = {};  ///< -C
  std::string file = {};       ///< --file
  std::string instance = {};   ///< -i
  bool is_dry_run = false;
  bool is_check = false;
  bool says_yes = false;
  bool is_json = false;
  bool is_quiet = false;
  int verbosity = 0;
  std::string color = "auto";
  std::chrono::milliseconds lock_wait{0};
  std::chrono::milliseconds timeout{0};  ///< 0: the command's own default
};

}  // namespace pecanctl::cli
