// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/validators.hpp"

namespace pecanctl::cli {
class Context;
}

namespace pecanctl::cli::commands {

/// `sync --serve [ADDRESS:PORT]`.
struct ServeFlags {
  ModeOption mode = {};  ///< --serve; without an address: pecan.yml's, else k_serve_address
};

void add_serve_option(CLI::App& sub, ServeFlags& flags);

/// Serves what this site publishes until a stop is requested.
void run_serve(const ServeFlags& flags, Context& context);

}  // namespace pecanctl::cli::commands
