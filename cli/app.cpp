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
#include "cli/help.hpp"
#include "cli/hidden.hpp"
#include "cli/validators.hpp"
#include "cli/version.hpp"
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
    Command{"Day to day", "scale", "set worker counts, or let the queues set them",
            commands::setup_scale},
    Command{"Day to day", "sync", "pull other sites' BETY data, publish this site's",
            commands::setup_sync},
    Command{"Day to day", "destroy", "remove the instance; keeps data unless --volumes",
            commands::setup_destroy},
    Command{"Look", "status", "services, workers, queues: one screen", commands::setup_status},
    Command{"Look", "logs", "merged logs of services and workers", commands::setup_logs},
    Command{"Look", "doctor", "what is wrong with this machine, and the fix",
            commands::setup_doctor},
    Command{"Look", "validate", "check pecan.yml offline, with line numbers",
            commands::setup_validate},
    Command{"Serve", "agent", "scale by the queues, take deployment requests",
            commands::setup_agent},
    Command{"Shell", "completion", "completion script for bash, fish or zsh",
            commands::setup_completion},
    Command{"Shell", "help", "all about a command, or exit-codes", commands::setup_help},
    Command{"Shell", "version", "version, commit, Docker API", commands::setup_version},
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

Error usage_error(std::string what, std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::usage,
                .what = std::move(what),
                .why = std::move(why),
                .hint = std::move(hint)}};
}

// The first word that is neither a flag nor the value of a global flag: the command.
std::optional<std::string> find_command_word(const CLI::App& app,
                                             std::span<const std::string> arguments)
{
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto& word = arguments[i];
    if (!word.starts_with("-")) {
      return word;
    }
    const auto* const option = app.get_option_no_throw(word);
    i += option != nullptr && option->get_items_expected_min() > 0 ? 1U : 0U;
  }
  return std::nullopt;
}

// CLI11 only says that a subcommand is missing; people mistype them.
void check_command_name(const CLI::App& app, std::span<const std::string> arguments)
{
  std::vector<std::string> names;
  std::ranges::transform(command_table(), std::back_inserter(names),
                         [](const Command& command) { return std::string{command.name}; });
  const auto word = find_command_word(app, arguments);
  if (word && std::ranges::find(names, *word) == names.end()) {
    const auto meant = did_you_mean(*word, names);
    throw usage_error(fmt::format("unknown command '{}'", *word), {},
                      meant.empty() ? "see `pecanctl --help`" : meant);
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

// -h or --help, whatever else the line has.
std::optional<HelpSize> wanted_help(std::span<const std::string> arguments)
{
  const auto words = arguments.first(static_cast<std::size_t>(
      std::distance(arguments.begin(), std::ranges::find(arguments, "--"))));
  const auto has = [&](std::string_view word) {
    return std::ranges::find(words, word) != words.end();
  };
  return has("--help") ? std::optional{HelpSize::full}
         : has("-h")   ? std::optional{HelpSize::brief}
                       : std::nullopt;
}

int show_help(const CLI::App& app, std::span<const std::string> arguments, HelpSize size)
{
  const auto reference = describe_program();
  const auto* const command = reference.find(find_command_word(app, arguments).value_or(""));
  fmt::print("{}", command == nullptr ? render_program_help(reference, size)
                                      : render_command_help(reference, *command, size));
  return 0;
}

// 0 or an exit status when there is nothing to run (help, version).
std::optional<int> parse_line(CLI::App& app, int argc, const char* const* argv,
                              std::span<const std::string> arguments)
{
  try {
    if (arguments.empty()) {
      show_help(app, arguments, HelpSize::brief);
      return static_cast<int>(ExitStatus::usage);
    }
    check_command_name(app, arguments);
    if (const auto size = wanted_help(arguments)) {
      return show_help(app, arguments, *size);
    }
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {  // as part of a group of short flags: -nh
    return show_help(app, arguments, HelpSize::brief);
  } catch (const CLI::CallForVersion&) {
    fmt::print("{}\n", version_line());
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

Grammar::Grammar()
    : app{std::make_unique<CLI::App>("run and look after PEcAn instances", "pecanctl")}
{
  app->set_help_flag("-h,--help", "Short help with -h, all of it with --help");
  app->set_version_flag("-V,--version", std::string{version().number}, "Print the version");
  add_global_flags(*app, options);
  app->require_subcommand(1);
  for (const auto& command : command_table()) {
    auto* const sub = app->add_subcommand(std::string{command.name}, std::string{command.summary});
    runners.emplace_back(sub, command.setup(*sub));
  }
}

Grammar::~Grammar() = default;

int run_app(int argc, const char* const* argv, Signals& signals)
{
  const Grammar grammar;
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (const auto status = run_hidden(arguments)) {
    return *status;
  }
  if (const auto status = parse_line(*grammar.app, argc, argv, arguments)) {
    return *status;
  }
  Invocation invocation{.options = grammar.options};
  for (std::size_t i = 0; i < grammar.runners.size(); ++i) {
    if (grammar.runners[i].first->parsed()) {
      invocation.command = command_table()[i].name;
      invocation.is_reading = command_table()[i].group == k_reading_group;
      invocation.run = grammar.runners[i].second;
      break;
    }
  }
  for (const auto* option : grammar.app->get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) {
      invocation.flags.emplace("--" + option->get_lnames().front(), option->results().front());
    }
  }
  for (const auto& word : arguments) {
    invocation.line += (invocation.line.empty() ? "" : " ") + word;
  }
  return execute(std::move(invocation), signals);
}

}  // namespace pecanctl::cli
