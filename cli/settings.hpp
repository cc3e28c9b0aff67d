// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "cli/options.hpp"

namespace pecanctl::cli {

/// Fills `options` from everything that may say something about them, the first one wins: flags
/// (already in `options`, and by name in `flags`: "--json" → "true"), PECANCTL_* variables,
/// `$XDG_CONFIG_HOME/pecanctl/config.yml` (else `~/.config/…`; none without a home),
/// `/etc/pecanctl/config.yml`, defaults. pecan.yml stands between variables and files, and is asked
/// for its few common settings where they are used.
/// @throws Error invalid with every mistake of a file and its place; usage for a wrong variable.
void resolve_settings(GlobalOptions& options, const std::map<std::string, std::string>& flags);

/// Whether a setting comes from the command line or the environment, and so beats pecan.yml.
bool beats_instance_file(const SettingValue& setting);

/// A variable of another program and a setting of ours that say different things: neither is
/// guessed. @throws Error usage that names both.
void refuse_conflict(std::string_view subject, const SettingValue& setting,
                     std::string_view variable, const std::string& ambient);

}  // namespace pecanctl::cli
