// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/help.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/exit_status.hpp"
#include "cli/wrap.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_columns = 80;
constexpr std::size_t k_widest_term = 29;

// "  term    what it means", the meanings under one another; a long term has its line to itself.
std::string render_rows(const std::vector<std::pair<std::string, std::string>>& rows)
{
  std::size_t width = 0;
  for (const auto& [term, meaning] : rows) {
    width = term.size() <= k_widest_term ? std::max(width, term.size()) : width;
  }
  std::string text;
  for (const auto& [term, meaning] : rows) {
    const auto lines = wrap(meaning, k_columns - width - 4);
    auto left = term;
    if (term.size() > width) {
      text += "  " + term + "\n";
      left.clear();
    }
    for (const auto& line : lines) {
      text += fmt::format("  {:<{}}  {}\n", std::exchange(left, {}), width, line);
    }
  }
  return text;
}

// "-j, --jobs N"; long names stand under one another.
std::string flag_term(const ArgumentText& flag)
{
  const bool has_short = !flag.names.front().starts_with("--");
  auto term = fmt::format("{}{}", has_short ? "" : "    ", fmt::join(flag.names, ", "));
  if (!flag.is_switch()) {
    term += flag.has_optional_value ? " [" + flag.shown_value() + "]" : " " + flag.shown_value();
  }
  return term;
}

std::string describe(const ArgumentText& argument)
{
  // Choices too long for the term.
  const bool is_listed = !argument.choices.empty() && argument.shown_value() == argument.value;
  return is_listed ? fmt::format("{}: {}", argument.description, fmt::join(argument.choices, ", "))
                   : argument.description;
}

std::string render_flags(std::string_view title, const std::vector<ArgumentText>& flags)
{
  std::vector<std::pair<std::string, std::string>> rows;
  rows.reserve(flags.size());
  for (const auto& flag : flags) {
    rows.emplace_back(flag_term(flag), describe(flag));
  }
  return rows.empty() ? "" : fmt::format("\n{}:\n{}", title, render_rows(rows));
}

std::string render_examples(const std::vector<ExampleText>& examples)
{
  std::size_t width = 0;
  for (const auto& [line, comment] : examples) {
    width = std::max(width, comment.empty() ? 0 : line.size());
  }
  std::string text;
  for (const auto& [line, comment] : examples) {
    if (comment.empty()) {
      text += fmt::format("  {}\n", line);
    } else if (width + comment.size() + 7 <= k_columns) {
      text += fmt::format("  {:<{}}   # {}\n", line, width, comment);
    } else {
      text += fmt::format("  # {}\n  {}\n", comment, line);
    }
  }
  return text.empty() ? "" : "\nExamples:\n" + text;
}

}  // namespace

std::string render_program_help(const Reference& reference, HelpSize size)
{
  const bool is_full = size == HelpSize::full;
  std::string text =
      "pecanctl: run and look after PEcAn instances\n\n"
      "  pecanctl init demo && cd demo && pecanctl deploy\n\n";
  std::string_view group;
  for (const auto& command : reference.commands) {
    if (command.group != group) {
      text += fmt::format("{}{}\n", is_full && !group.empty() ? "\n" : "", command.group);
      group = command.group;
    }
    if (is_full || command.name != "help") {  // which the last line names
      text += fmt::format("  {:<11} {}\n", command.name, command.summary);
    }
  }
  if (is_full) {
    text += render_flags("Flags of all commands", reference.global_flags);
  }
  // The short one fits on a screen of 24 lines.
  return fmt::format("{}{}More: pecanctl help COMMAND, pecanctl help exit-codes, man pecanctl\n",
                     text, is_full ? "\n" : "");
}

std::string render_command_help(const Reference& reference, const CommandText& command,
                                HelpSize size)
{
  auto text = fmt::format("pecanctl {}: {}\n", command.name, command.summary);
  text += render_examples(command.examples);
  text += fmt::format("\nUsage: {}\n", command.synopsis());
  std::vector<std::pair<std::string, std::string>> rows;
  rows.reserve(command.positionals.size());
  for (const auto& positional : command.positionals) {
    rows.emplace_back(positional.value, describe(positional));
  }
  text += rows.empty() ? "" : "\nArguments:\n" + render_rows(rows);
  if (size == HelpSize::full) {
    return text + render_flags("Flags", command.flags) +
           render_flags("Flags of all commands", reference.global_flags) +
           fmt::format("\nMore: man pecanctl-{}, pecanctl help exit-codes\n", command.name);
  }
  std::vector<ArgumentText> flags;
  std::ranges::copy_if(command.flags, std::back_inserter(flags),
                       [](const ArgumentText& flag) { return !flag.is_advanced; });
  return text + render_flags("Flags", flags) +
         fmt::format("\n{}: pecanctl {} --help\n",
                     flags.size() < command.flags.size() ? "All flags" : "Flags of all commands",
                     command.name);
}

std::string render_exit_codes()
{
  std::string text =
      "CODE  MEANING                                                            RETRY\n";
  for (const auto& row : exit_meanings()) {
    text += fmt::format("{:>4}  {:<66} {}\n", static_cast<int>(row.status), row.meaning,
                        row.is_worth_repeating ? "yes" : "no");
  }
  return text + "\nTake any other code for a failure. RETRY: the same command may succeed later.\n";
}

}  // namespace pecanctl::cli
