// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/completion.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

using namespace pecanctl::cli;

// A grammar of its own: what is promised here does not depend on the commands that there are.
Reference small_reference()
{
  const ArgumentText color{
      .names = {"--color"}, .value = "WHEN", .choices = {"auto", "always", "never"}};
  const ArgumentText instance{.names = {"-i", "--instance"}, .value = "NAME"};
  const ArgumentText quiet{.names = {"-q", "--quiet"}, .description = "Errors only"};
  return {
      .commands = {{.name = "deploy",
                    .summary = "make it so",
                    .positionals = {{.value = "SERVICE", .is_repeatable = true}},
                    .flags = {{.names = {"--now"}}}},
                   {.name = "run",
                    .positionals = {{.value = "MODEL"}, {.value = "DIR", .is_repeatable = true}},
                    .flags = {{.names = {"--attach"}, .value = "RUN", .has_optional_value = true}}},
                   {.name = "scale", .positionals = {{.value = "MODEL=N", .is_repeatable = true}}},
                   {.name = "init",
                    .positionals = {{.value = "DIR"}},
                    .flags = {{.names = {"--models"}, .value = "A,B"}}}},
      .global_flags = {{.names = {"-C"}, .value = "DIR"},
                       {.names = {"--file"}, .value = "FILE"},
                       color,
                       instance,
                       quiet}};
}

LiveNames some_names()
{
  return {.services = [] { return std::vector<std::string>{"postgres"}; },
          .models =
              [] {
                return std::vector<std::string>{"dalec", "sipnet"};
              },
          .known_models =
              [] {
                return std::vector<std::string>{"dalec", "ed2", "sipnet"};
              },
          .instances =
              [] {
                return std::vector<std::string>{"demo", "other"};
              }};
}

std::vector<std::string> values(const std::vector<std::string>& words)
{
  std::vector<std::string> found;
  for (const auto& candidate : complete(small_reference(), words, some_names()).candidates) {
    found.push_back(candidate.value);
  }
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("cli::complete: the first word is a command")
{
  CHECK(values({""}) == Words{"deploy", "run", "scale", "init"});
  CHECK(values({"s"}) == Words{"scale"});
  CHECK(values({"-q", "d"}) == Words{"deploy"});
  CHECK(values({"-C", "/tmp", "d"}) == Words{"deploy"});
  CHECK(values({}).empty());
}

TEST_CASE("cli::complete: what follows a mistyped command is not guessed")
{
  CHECK(values({"dpeloy", ""}).empty());
}

TEST_CASE("cli::complete: positionals take names of their kind, one after the other")
{
  CHECK(values({"deploy", ""}) == Words{"postgres", "dalec", "sipnet"});
  CHECK(values({"deploy", "dalec", "s"}) == Words{"sipnet"});
  CHECK(values({"run", ""}) == Words{"dalec", "sipnet"});
  CHECK(values({"run", "dalec", ""}).empty());
  CHECK(values({"scale", "d"}) == Words{"dalec="});
  CHECK(values({"scale", "dalec="}).empty());
  CHECK(values({"init", "x", ""}).empty());
}

TEST_CASE("cli::complete: folders and files are left to the shell")
{
  CHECK(complete(small_reference(), Words{"run", "dalec", ""}, {}).takes_folders);
  CHECK(complete(small_reference(), Words{"-C", ""}, {}).takes_folders);
  CHECK(complete(small_reference(), Words{"--file", ""}, {}).takes_files);
  CHECK_FALSE(complete(small_reference(), Words{"init", "x", ""}, {}).takes_folders);
}

TEST_CASE("cli::complete: flags are those of the command and of all, each offered once")
{
  CHECK(values({"deploy", "--n"}) == Words{"--now"});
  CHECK(values({"deploy", "-q", "--"}) == Words{"--now", "--file", "--color", "--instance"});
  CHECK(values({"--"}) == Words{"--file", "--color", "--instance", "--quiet"});
}

TEST_CASE("cli::complete: the value of a flag stands behind it, or behind its equals sign")
{
  CHECK(values({"--color", "a"}) == Words{"auto", "always"});
  CHECK(values({"deploy", "--color=n"}) == Words{"--color=never"});
  CHECK(values({"-i", ""}) == Words{"demo", "other"});
  CHECK(values({"init", "--models", "dalec,s"}) == Words{"dalec,sipnet"});
}

TEST_CASE("cli::complete: a flag whose value may be left out does not eat the next word")
{
  CHECK(values({"run", "--attach", ""}) == Words{"dalec", "sipnet"});
}

TEST_CASE("cli::complete: behind -- nothing is a flag")
{
  CHECK(values({"deploy", "--", "--n"}).empty());
  CHECK(values({"deploy", "--", "p"}) == Words{"postgres"});
}

TEST_CASE("cli::render_completion: a line for each candidate, then what the shell adds")
{
  CHECK(render_completion({.candidates = {{"a", "what"}, {"b", ""}}, .takes_folders = true}) ==
        "a\twhat\nb\t\n\tfolders\n");
}
