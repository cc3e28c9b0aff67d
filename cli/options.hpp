// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace pecanctl::cli {

/// What a setting is, and who says so: "--json", "PECANCTL_JSON", "/etc/pecanctl/config.yml:3:1",
/// "default". Nobody says anything: an empty value.
struct SettingValue {
  std::string value = {};
  std::string origin = {};
};

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
  /// Everything that a flag, a variable or a configuration file can say, by name ("lock_wait").
  std::map<std::string, SettingValue, std::less<>> settings = {};
};

}  // namespace pecanctl::cli
