// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/help.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "cli/wrap.hpp"
#include "core/base/text.hpp"

namespace {

using namespace pecanctl;
using namespace pecanctl::cli;

std::size_t widest_line(const std::string& text)
{
  std::size_t widest = 0;
  for (const auto& line : split(text, '\n')) {
    widest = std::max(widest, line.size());
  }
  return widest;
}

// Whether the parser takes the line. What it would do is not run.
std::string parse_problem(const std::string& example)
{
  auto line = example.substr(std::string_view{"pecanctl "}.size());
  line = line.substr(0, std::min(line.find(" > "), line.find(" && ")));
  const Grammar grammar;
  try {
    grammar.app->parse(line);
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("cli::help: everything fits into 80 columns")
{
  const auto reference = describe_program();
  CHECK(widest_line(render_exit_codes()) <= 80);
  for (const auto size : {HelpSize::brief, HelpSize::full}) {
    CHECK(widest_line(render_program_help(reference, size)) <= 80);
    for (const auto& command : reference.commands) {
      CAPTURE(command.name);
      CHECK(widest_line(render_command_help(reference, command, size)) <= 80);
    }
  }
}

TEST_CASE("cli::help: every command has two examples that the parser takes")
{
  for (const auto& command : describe_program().commands) {
    CAPTURE(command.name);
    CHECK(command.examples.size() >= 2);
    for (const auto& example : command.examples) {
      CAPTURE(example.line);
      CHECK(example.line.starts_with("pecanctl " + command.name));
      CHECK(parse_problem(example.line) == "");
    }
  }
}

TEST_CASE("cli::help: every argument says what it is for")
{
  const auto reference = describe_program();
  const auto check = [](const std::vector<ArgumentText>& arguments) {
    for (const auto& argument : arguments) {
      CAPTURE(argument.value);
      CHECK_FALSE(argument.description.empty());
      CHECK_FALSE(argument.description.ends_with('.'));
    }
  };
  check(reference.global_flags);
  for (const auto& command : reference.commands) {
    CAPTURE(command.name);
    check(command.positionals);
    check(command.flags);
  }
}

TEST_CASE("cli::help: examples come before flags, and global flags last")
{
  const auto reference = describe_program();
  const auto text = render_command_help(reference, *reference.find("deploy"), HelpSize::full);
  CHECK(text.find("Examples:") < text.find("Usage:"));
  CHECK(text.find("Usage:") < text.find("--drain-timeout"));
  CHECK(text.find("--drain-timeout") < text.find("Flags of all commands"));
  CHECK(text.find("Flags of all commands") < text.find("--lock-wait"));
  CHECK(render_command_help(reference, *reference.find("deploy"), HelpSize::brief)
            .find("--lock-wait") == std::string::npos);
}

TEST_CASE("cli::Reference: sets of values are known")
{
  const auto reference = describe_program();
  const auto color = std::ranges::find_if(reference.global_flags, [](const ArgumentText& flag) {
    return flag.names.back() == "--color";
  });
  REQUIRE(color != reference.global_flags.end());
  CHECK(color->choices == std::vector<std::string>{"auto", "always", "never"});
  CHECK(color->shown_value() == "auto|always|never");
}

TEST_CASE("cli::wrap: breaks at blanks, never in words")
{
  using Lines = std::vector<std::string>;
  CHECK(wrap("one two three", 7) == Lines{"one two", "three"});
  CHECK(wrap("a-very-long-word b", 4) == Lines{"a-very-long-word", "b"});
  CHECK(wrap("", 4) == Lines{""});
}
