// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"

namespace pecanctl::cli::commands {
namespace {

void run_validate(Context& context)
{
  const auto& stack = context.stack();
  context.printer().say(fmt::format("{} is valid: instance {}, {} services",
                                    context.file().path.string(), stack.name,
                                    stack.services.size()));
  context.printer().add_to_result("file", context.file().path.string());
  context.printer().add_to_result("instance", stack.name);
}

}  // namespace

RunFn setup_validate(CLI::App& sub)
{
  sub.footer("Examples:\n  pecanctl validate\n  pecanctl validate --file other.yml");
  return run_validate;
}

}  // namespace pecanctl::cli::commands
