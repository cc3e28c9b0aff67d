// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/version.hpp"

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"

namespace pecanctl::cli::commands {
namespace {

void run_version(Context& context)
{
  const auto [number, date, commit, oldest, newest] = version();
  context.printer().say(version_line());
  context.printer().document({{"type", "version"},
                              {"version", number},
                              {"date", date},
                              {"commit", commit},
                              {"docker_api", {{"oldest", oldest}, {"newest", newest}}}});
}

}  // namespace

RunFn setup_version(CLI::App& sub)
{
  sub.footer("Examples:\n  pecanctl version\n  pecanctl version --json");
  return run_version;
}

}  // namespace pecanctl::cli::commands
