// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/expand.hpp"
#include "core/config/schema.hpp"

namespace pecanctl::config {

/// A setting of the program, and who says so: "--timeout", "PECANCTL_TIMEOUT",
/// "/etc/pecanctl/config.yml:3:1".
struct Setting {
  std::string value = {};
  std::string origin = {};
};

/// What one source says, by the name of the setting ("lock_wait").
using Layer = std::map<std::string, Setting, std::less<>>;

/// What `PECANCTL_<NAME>` variables say about the settings of `schema`: "lock_wait" is
/// PECANCTL_LOCK_WAIT. Empty counts as unset, 1 and 0 as true and false. @throws Error usage when a
/// value is wrong
Layer read_environment_layer(const Schema& schema, const Lookup& lookup);

/// What a configuration file says. @throws Error invalid with every mistake
Layer read_file_layer(const Schema& schema, const std::string& file, std::string_view text);

/// Every setting with its value and origin; earlier layers win over later ones, the schema's
/// default is last.
class Settings {
 public:
  Settings(const Schema& schema, const std::vector<Layer>& layers);

  /// Empty value: nobody says anything. @throws Error internal when there is no such setting
  const Setting& get(std::string_view name) const;

  /// By name, for `validate --origins`.
  const Layer& all() const { return settings_; }

 private:
  Layer settings_;
};

}  // namespace pecanctl::config
