// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/app.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/output/error_view.hpp"
#include "cli/output/printer.hpp"
#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"
#include "cli/signals.hpp"
#include "cli/validators.hpp"
#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::array k_commands{
    Command{"Start", "init", "write pecan.yml, fresh secrets, this instance's identity",
            commands::setup_init},
    Command{"Start", "deploy", "make what runs match pecan.yml", commands::setup_deploy},
    Command{"Day to day", "run", "submit jobs, wait, report", commands::setup_run},
    Command{"Day to day", "scale", "set worker counts", commands::setup_scale},
    Command{"Day to day", "destroy", "remove the instance; keeps data unless --volumes",
            commands::setup_destroy},
    Command{"Look", "status", "services, workers, queues: one screen", commands::setup_status},
    Command{"Look", "validate", "check pecan.yml offline, with line numbers",
            commands::setup_validate},
};

// The parsed line: what to run and under which global flags.
struct Invocation {
  GlobalOptions options;
  RunFn run;
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

std::unique_ptr<Reporter> make_reporter(const GlobalOptions& options, output::Printer& printer,
                                        bool with_color)
{
  const auto verbosity = options.is_quiet        ? output::Verbosity::quiet
                         : options.verbosity > 0 ? output::Verbosity::verbose
                                                 : output::Verbosity::normal;
  if (options.is_json) {
    return output::make_json_reporter(printer, verbosity);
  }
  const bool is_dumb = find_variable("TERM").value_or("dumb") == "dumb";
  if (output::is_terminal(STDERR_FILENO) && !is_dumb && !find_variable("CI")) {
    return output::make_terminal_reporter(verbosity, with_color);
  }
  return output::make_plain_reporter(verbosity);
}

bool wants_color(const GlobalOptions& options)
{
  if (options.color != "auto") {
    return options.color == "always";
  }
  const bool is_off = !find_variable("NO_COLOR").value_or("").empty() ||
                      find_variable("TERM").value_or("dumb") == "dumb";
  return !is_off && output::is_terminal(STDERR_FILENO);
}

void show_error(const Error& error, bool with_color)
{
  output::write_stderr(output::render_error(error, with_color));
  if (find_variable("GITHUB_ACTIONS").value_or("") == "true") {
    output::write_stderr(output::render_annotations(error));
  }
}

// The last record. Somebody who cannot be told so on stdout is told on stderr.
int finish(output::Printer& printer, int exit, const std::optional<Error>& failure)
{
  try {
    printer.finish(exit, failure ? &*failure : nullptr);
  } catch (const Error& error) {
    show_error(error, false);
    return exit == 0 ? static_cast<int>(exit_status(error.code())) : exit;
  }
  return exit;
}

int execute(const Invocation& invocation, const std::string& command_line, const Signals& signals)
{
  const auto& options = invocation.options;
  const bool with_color = wants_color(options);
  output::Printer printer{options.is_json, options.is_quiet, output::is_terminal(STDOUT_FILENO),
                          signals.stop()};
  auto reporter = make_reporter(options, printer, with_color);
  std::optional<Error> failure;
  int exit = 0;
  try {
    Context context{options, command_line, *reporter, printer, signals.stop()};
    invocation.run(context);
  } catch (const Cancelled&) {
    exit = 128 + signals.received();
  } catch (const Error& error) {
    failure = error;
  } catch (const std::exception& error) {
    failure = Error{{.code = ErrorCode::internal,
                     .what = "pecanctl stopped because of a bug in it",
                     .why = error.what(),
                     .hint = "please report it, with what you did"}};
  }
  reporter.reset();  // the terminal is as it was before the error appears
  if (failure) {
    exit = static_cast<int>(exit_status(failure->code()));
    show_error(*failure, with_color);
  }
  return finish(printer, exit, failure);
}

// A wrong line: no flag of it is known, but --json can be seen.
int refuse_line(const Error& error, std::span<const std::string> arguments)
{
  show_error(error, false);
  const bool is_json = std::ranges::find(arguments, "--json") != arguments.end();
  output::Printer printer{is_json, false, false};
  return finish(printer, static_cast<int>(ExitStatus::usage), error);
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

int run_app(int argc, const char* const* argv, const Signals& signals)
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
  for (const auto& [sub, run] : runners) {
    if (sub->parsed()) {
      invocation.run = run;
      break;
    }
  }
  std::string line;
  for (const auto& word : arguments) {
    line += (line.empty() ? "" : " ") + word;
  }
  return execute(invocation, line, signals);
}

}  // namespace pecanctl::cli
