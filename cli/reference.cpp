// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/reference.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

// CLI11 shows an option's type as "N:INT in [0 - 9]" and a set of values as "WHEN:{auto,never}".
void read_type(const CLI::Option& option, ArgumentText& argument)
{
  const auto type = option.get_type_name();
  argument.value = type.substr(0, type.find(':'));
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open != std::string::npos && close != std::string::npos) {
    argument.choices = split(type.substr(open + 1, close - open - 1), ',');
  }
}

ArgumentText describe_option(const CLI::Option& option)
{
  ArgumentText argument{.description = option.get_description(),
                        .is_advanced = option.get_group() == k_advanced};
  for (const auto& name : option.get_snames()) {
    argument.names.push_back("-" + name);
  }
  for (const auto& name : option.get_lnames()) {
    argument.names.push_back("--" + name);
  }
  if (option.get_items_expected_max() > 0) {
    read_type(option, argument);
    argument.has_optional_value = option.get_items_expected_min() == 0;
  }
  return argument;
}

ArgumentText describe_positional(const CLI::Option& option)
{
  ArgumentText argument{.description = option.get_description(),
                        .is_required = option.get_required(),
                        .is_repeatable = option.get_items_expected_max() > 1};
  read_type(option, argument);
  argument.value = option.get_name(true);
  return argument;
}

// "  pecanctl deploy -n     what would change": comments stand behind at least two blanks.
std::vector<ExampleText> read_examples(const std::string& footer)
{
  std::vector<ExampleText> examples;
  for (const auto& row : split(footer, '\n')) {
    const auto text = trim(row);
    if (!text.starts_with("pecanctl")) {
      continue;
    }
    const auto gap = text.find("  ");
    examples.push_back(
        {.line = std::string{text.substr(0, gap)},
         .comment = gap == std::string_view::npos ? "" : std::string{trim(text.substr(gap))}});
  }
  return examples;
}

// Every command has -h of its own; it is shown once, with the global flags.
bool is_help(const CLI::App& app, const CLI::Option& option)
{
  return &option == app.get_help_ptr();
}

CommandText describe_command(const Command& command, const CLI::App& app)
{
  CommandText text{.group = std::string{command.group},
                   .name = std::string{command.name},
                   .summary = std::string{command.summary},
                   .examples = read_examples(app.get_footer())};
  for (const auto* const option : app.get_options()) {
    if (is_help(app, *option) || option->get_group().empty()) {
      continue;
    }
    if (option->get_positional()) {
      text.positionals.push_back(describe_positional(*option));
    } else {
      text.flags.push_back(describe_option(*option));
    }
  }
  return text;
}

}  // namespace

std::string ArgumentText::shown_value() const
{
  constexpr std::size_t k_short = 20;
  std::string all;
  for (const auto& choice : choices) {
    all += (all.empty() ? "" : "|") + choice;
  }
  return all.empty() || all.size() > k_short ? value : all;
}

std::string CommandText::synopsis() const
{
  std::string line = "pecanctl " + name;
  for (const auto& positional : positionals) {
    const auto shown = positional.shown_value() + (positional.is_repeatable ? "..." : "");
    line += positional.is_required ? " " + shown : " [" + shown + "]";
  }
  return line + " [FLAG...]";
}

const CommandText* Reference::find(std::string_view command) const
{
  const auto found = std::ranges::find(commands, command, &CommandText::name);
  return found == commands.end() ? nullptr : &*found;
}

Reference describe_program()
{
  const Grammar grammar;
  Reference reference;
  for (const auto* const option : grammar.app->get_options()) {
    reference.global_flags.push_back(describe_option(*option));
  }
  // Help and version come first in CLI11; people look for them last.
  std::stable_partition(reference.global_flags.begin(), reference.global_flags.end(),
                        [](const ArgumentText& flag) {
                          return flag.names.back() != "--help" && flag.names.back() != "--version";
                        });
  for (const auto& command : command_table()) {
    reference.commands.push_back(
        describe_command(command, *grammar.app->get_subcommand(std::string{command.name})));
  }
  return reference;
}

}  // namespace pecanctl::cli
