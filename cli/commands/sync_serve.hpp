// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pecanctl::cli {
class Context;
}

namespace pecanctl::cli::commands {

/// `sync --serve [ADDRESS:PORT]`.
struct ServeFlags {
  CLI::Option* option = nullptr;  ///< --serve, of the parser that outlives this
  std::string address = {};       ///< empty: pecan.yml's, else k_serve_address

  bool is_wanted() const;
};

void add_serve_option(CLI::App& sub, ServeFlags& flags);

/// Serves what this site publishes until a stop is requested.
void run_serve(const ServeFlags& flags, Context& context);

}  // namespace pecanctl::cli::commands
