// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/help.hpp"

#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::commands {
namespace {

constexpr std::string_view k_exit_codes = "exit-codes";

std::string find_text(const std::string& topic)
{
  const auto reference = describe_program();
  if (topic.empty()) {
    return render_program_help(reference, HelpSize::full);
  }
  if (topic == k_exit_codes) {
    return render_exit_codes();
  }
  if (const auto* const command = reference.find(topic)) {
    return render_command_help(reference, *command, HelpSize::full);
  }
  std::vector<std::string> topics{std::string{k_exit_codes}};
  for (const auto& command : reference.commands) {
    topics.push_back(command.name);
  }
  const auto guess = did_you_mean(topic, topics);
  throw Error{{.code = ErrorCode::usage,
               .what = fmt::format("there is no help on '{}'", topic),
               .hint = guess.empty() ? "pecanctl help lists the commands" : guess}};
}

}  // namespace

RunFn setup_help(CLI::App& sub)
{
  auto topic = std::make_shared<std::string>();
  sub.add_option("TOPIC", *topic, "A command, or exit-codes (default: all commands)");
  sub.footer("Examples:\n  pecanctl help deploy\n  pecanctl help exit-codes");
  return [topic](Context& context) {
    const auto text = find_text(*topic);
    context.printer().say(std::string_view{text}.substr(0, text.size() - 1));
    context.printer().document({{"type", "help"}, {"topic", *topic}, {"text", text}});
  };
}

}  // namespace pecanctl::cli::commands
