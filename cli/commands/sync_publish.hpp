// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "cli/validators.hpp"

namespace pecanctl::cli {
class Context;
}

namespace pecanctl::cli::commands {

/// `sync --publish [DIR]`.
struct PublishFlags {
  ModeOption mode = {};  ///< --publish; without a folder: pecan.yml's
  std::optional<int> level = {};
  std::optional<std::int64_t> site = {};
  bool is_unchecked = false;
  bool keeps_users = false;
};

void add_publish_options(CLI::App& sub, PublishFlags& flags);

/// Writes this site's rows to the folder.
void run_publish(const PublishFlags& flags, Context& context);

}  // namespace pecanctl::cli::commands
