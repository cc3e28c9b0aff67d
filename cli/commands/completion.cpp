// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/completion_scripts.hpp"
#include "cli/context.hpp"

namespace pecanctl::cli::commands {

RunFn setup_completion(CLI::App& sub)
{
  auto shell = std::make_shared<std::string>();
  std::vector<std::string> shells;
  for (const auto& script : completion_scripts()) {
    shells.emplace_back(script.shell);
  }
  sub.add_option("SHELL", *shell, "Whose script to print")
      ->required()
      ->check(CLI::IsMember(shells));
  sub.footer(
      "Examples:\n"
      "  pecanctl completion bash > /etc/bash_completion.d/pecanctl\n"
      "  pecanctl completion fish > ~/.config/fish/completions/pecanctl.fish\n"
      "  pecanctl completion zsh > ~/.zfunc/_pecanctl");
  return [shell](Context& context) {
    for (const auto& script : completion_scripts()) {
      if (script.shell == *shell) {
        context.printer().say(script.text.substr(0, script.text.size() - 1));
        context.printer().document(
            {{"type", "completion"}, {"shell", *shell}, {"script", script.text}});
      }
    }
  };
}

}  // namespace pecanctl::cli::commands
