// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>

#include "cli/app.hpp"
#include "cli/options.hpp"
#include "core/base/error.hpp"

namespace pecanctl::cli {

/// A line that was understood: what to run, and under which global flags.
struct Invocation {
  GlobalOptions options = {};
  std::string command = {};  ///< as in the command table
  bool is_reading = false;   ///< answers with one document and changes nothing
  std::string line = {};     ///< as typed, without the program's name
  RunFn run = {};
};

/// Runs it, and turns what leaves it into output and an exit status. Catches everything.
int execute(const Invocation& invocation, Signals& signals);

/// Tells that a line was not understood. No flag of it is known then, but --json can be seen.
int refuse_line(const Error& error, std::span<const std::string> arguments);

}  // namespace pecanctl::cli
