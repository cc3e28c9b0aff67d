// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pecanctl::cli {
class Context;
}

namespace pecanctl::cli::commands {

/// `sync --publish [DIR]`.
struct PublishFlags {
  CLI::Option* option = nullptr;  ///< --publish, of the parser that outlives this
  std::string folder = {};        ///< empty: pecan.yml's
  std::optional<int> level = {};
  std::optional<std::int64_t> site = {};
  bool is_unchecked = false;
  bool keeps_users = false;

  bool is_wanted() const;
};

void add_publish_options(CLI::App& sub, PublishFlags& flags);

/// Writes this site's rows to the folder.
void run_publish(const PublishFlags& flags, Context& context);

}  // namespace pecanctl::cli::commands
