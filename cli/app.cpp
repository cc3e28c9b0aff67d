// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/app.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/execute.hpp"
#include "cli/exit_status.hpp"
#include "cli/validators.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

// The commands of this group answer with one document, and change nothing.
constexpr std::string_view k_reading_group = "Look";

constexpr std::array k_commands{
    Command{"Start", "init", "write pecan.yml, fresh secrets, this instance's identity",
            commands::setup_init},
    Command{"Start", "deploy", "make what runs match pecan.yml", commands::setup_deploy},
    Command{"Start", "register", "claim a site number; add a model to the catalogue",
            commands::setup_register},
    Command{"Day to day", "run", "submit jobs, wait, report", commands::setup_run},
    Command{"Day to day", "scale", "set worker counts", commands::setup_scale},
    Command{"Day to day", "destroy", "remove the instance; keeps data unless --volumes",
            commands::setup_destroy},
    Command{"Look", "status", "services, workers, queues: one screen", commands::setup_status},
    Command{"Look", "validate", "check pecan.yml offline, with line numbers",
            commands::setup_validate},
};

void add_global_flags(CLI::App& app, GlobalOptions& options)
{
  app.fallthrough();
  app.add_option("-C", options.directory,
                 "Folder of the instance (default: search upwards for pecan.yml)")
      ->type_name("DIR");
  app.add_option("--file", options.file, "The instance file itself")->type_name("FILE");
  app.add_option("-i,--instance", options.instance, "Act on this instance, whatever its file says")
      ->type_name("NAME");
  app.add_flag("-n,--dry-run", options.is_dry_run,
               "Print what would happen and why; change nothing");
  app.add_flag("--check", options.is_check, "Exit 10 when reality is not as wanted");
  app.add_flag("-y,--yes", options.says_yes, "Answer yes to questions (never enough for destroy)");
  app.add_flag("--json", options.is_json, "Machine-readable output on stdout");
  app.add_flag("-q,--quiet", options.is_quiet, "Errors only");
  app.add_flag("-v,--verbose", options.verbosity, "More about what happens");
  app.add_option("--color", options.color, "When to use colour")
      ->type_name("WHEN")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "always", "never"}));
  add_duration(app, "--lock-wait", options.lock_wait, "Wait this long for another pecanctl");
  add_duration(app, "--timeout", options.timeout, "Give up after this long");
}

std::string root_help()
{
  std::string text =
      "pecanctl: run and look after PEcAn instances\n\n"
      "  pecanctl init demo && cd demo && pecanctl deploy\n";
  std::string_view group;
  for (const auto& command : command_table()) {
    if (command.group != group) {
      group = command.group;
      text += fmt::format("\n{}\n", group);
    }
    text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  }
  return text + "\nFlags of all commands: pecanctl COMMAND --help. Manual: man pecanctl.\n";
}

Error usage_error(std::string what, std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::usage,
                .what = std::move(what),
                .why = std::move(why),
                .hint = std::move(hint)}};
}

// CLI11 only says that a subcommand is missing; people mistype them.
void check_command_name(std::span<const std::string> arguments)
{
  std::vector<std::string> names;
  std::ranges::transform(command_table(), std::back_inserter(names),
                         [](const Command& command) { return std::string{command.name}; });
  constexpr std::array<std::string_view, 7> k_with_value{
      "-C", "--file", "-i", "--instance", "--color", "--lock-wait", "--timeout"};
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (word.starts_with("-")) {
      if (std::ranges::find(k_with_value, word) != k_with_value.end()) {
        ++i;
      }
      continue;
    }
    if (std::ranges::find(names, word) == names.end()) {
      throw usage_error(fmt::format("unknown command '{}'", word), {}, did_you_mean(word, names));
    }
    return;
  }
}

// An unknown flag: the nearest one that this command has.
std::string suggest_flag(const CLI::App& app, std::string_view word)
{
  std::vector<std::string> flags;
  for (const auto* part : {&app, app.get_parent()}) {
    if (part == nullptr) {
      continue;
    }
    for (const auto* option : part->get_options()) {
      for (const auto& name : option->get_lnames()) {
        flags.push_back("--" + name);
      }
    }
  }
  return did_you_mean(word.substr(0, word.find('=')), flags);
}

Error explain_parse_error(const CLI::App& app, const CLI::ParseError& error,
                          std::span<const std::string> arguments)
{
  const auto parsed = app.get_subcommands();
  const CLI::App& current = parsed.empty() ? app : *parsed.front();
  std::string hint = fmt::format("see `{} --help`",
                                 parsed.empty() ? "pecanctl" : "pecanctl " + current.get_name());
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    for (const auto& word : arguments) {
      const bool is_flag = word.starts_with("-") && word.size() > 1;
      if (is_flag && std::string_view{error.what()}.find(word) != std::string_view::npos) {
        const auto guess = suggest_flag(current, word);
        return usage_error(fmt::format("unknown flag '{}'", word), {},
                           guess.empty() ? hint : guess);
      }
    }
  }
  return usage_error("cannot understand the command line", error.what(), hint);
}

// 0 or an exit status when there is nothing to run (help, version).
std::optional<int> parse_line(CLI::App& app, int argc, const char* const* argv,
                              std::span<const std::string> arguments)
{
  try {
    if (arguments.empty()) {
      fmt::print("{}", root_help());
      return static_cast<int>(ExitStatus::usage);
    }
    check_command_name(arguments);
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    const auto parsed = app.get_subcommands();
    fmt::print("{}", parsed.empty() ? root_help() : parsed.front()->help());
    return 0;
  } catch (const CLI::CallForVersion&) {
    fmt::print("pecanctl {} (Docker API 1.41 to 1.47)\n", PECANCTL_VERSION);
    return 0;
  } catch (const CLI::ParseError& error) {
    return refuse_line(explain_parse_error(app, error, arguments), arguments);
  } catch (const Error& error) {
    return refuse_line(error, arguments);
  }
}

}  // namespace

std::span<const Command> command_table()
{
  return k_commands;
}

int run_app(int argc, const char* const* argv, Signals& signals)
{
  CLI::App app{"run and look after PEcAn instances", "pecanctl"};
  Invocation invocation;
  app.set_version_flag("-V,--version", std::string{PECANCTL_VERSION});
  add_global_flags(app, invocation.options);
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, RunFn>> runners;
  for (const auto& command : command_table()) {
    auto* const sub = app.add_subcommand(std::string{command.name}, std::string{command.summary});
    runners.emplace_back(sub, command.setup(*sub));
  }
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (const auto status = parse_line(app, argc, argv, arguments)) {
    return *status;
  }
  for (std::size_t i = 0; i < runners.size(); ++i) {
    if (runners[i].first->parsed()) {
      invocation.command = command_table()[i].name;
      invocation.is_reading = command_table()[i].group == k_reading_group;
      invocation.run = runners[i].second;
      break;
    }
  }
  for (const auto& word : arguments) {
    invocation.line += (invocation.line.empty() ? "" : " ") + word;
  }
  return execute(invocation, signals);
}

}  // namespace pecanctl::cli
