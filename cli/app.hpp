// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace pecanctl::cli {

class Context;
class Signals;

/// What a command does once its line is understood. Failures leave as Error or Cancelled.
using RunFn = std::function<void(Context&)>;

/// One row of the command table, in help order. Help, manual pages and completion come from it.
struct Command {
  std::string_view group;
  std::string_view name;
  std::string_view summary;
  RunFn (*setup)(CLI::App& sub);
};

std::span<const Command> command_table();

/// Parses the line, runs the command, and turns what left it into output and an exit status. The
/// one place that catches everything.
int run_app(int argc, const char* const* argv, Signals& signals);

}  // namespace pecanctl::cli
