// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/execute.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/output/error_view.hpp"
#include "cli/output/printer.hpp"
#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"
#include "cli/settings.hpp"
#include "cli/signals.hpp"
#include "core/base/cancel.hpp"

namespace pecanctl::cli {
namespace {

std::unique_ptr<Reporter> make_reporter(const Invocation& invocation, output::Printer& printer,
                                        bool with_color)
{
  const auto& options = invocation.options;
  const auto verbosity = options.is_quiet        ? output::Verbosity::quiet
                         : options.verbosity > 0 ? output::Verbosity::verbose
                                                 : output::Verbosity::normal;
  if (options.is_json && !invocation.is_reading) {
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
  if (!find_variable("NO_COLOR").value_or("").empty()) {
    return false;
  }
  for (const auto* name : {"FORCE_COLOR", "CLICOLOR_FORCE"}) {
    if (const auto value = find_variable(name).value_or(""); !value.empty() && value != "0") {
      return true;
    }
  }
  return find_variable("TERM").value_or("dumb") != "dumb" && output::is_terminal(STDERR_FILENO);
}

void show_error(const Error& error, const output::Redactor& redactor, bool with_color)
{
  output::write_stderr(redactor.apply(output::render_error(error, with_color)));
  if (find_variable("GITHUB_ACTIONS").value_or("") == "true") {
    output::write_stderr(redactor.apply(output::render_annotations(error)));
  }
}

// The last record. Somebody who cannot be told so on stdout is told on stderr.
int finish(output::Printer& printer, int exit, const std::optional<Error>& failure,
           const Signals* signals = nullptr)
{
  try {
    const bool is_read = printer.finish(exit, failure ? &*failure : nullptr);
    const int received = signals == nullptr ? 0 : signals->received();
    return exit == 0 && !is_read && received != 0 ? 128 + received : exit;
  } catch (const Error& error) {
    show_error(error, printer.redactor(), false);
    return exit == 0 ? static_cast<int>(exit_status(error.code())) : exit;
  }
}

struct Ending {
  int exit = 0;
  std::optional<Error> failure = {};
};

Ending carry_out(const Invocation& invocation, Reporter& reporter, output::Printer& printer,
                 const Signals& signals)
{
  try {
    Context context{invocation.options, invocation.line, reporter, printer, signals.stop()};
    invocation.run(context);
    // Whoever asked to stop is told so, also when there was nothing left to do.
    const bool is_stopped = !invocation.is_reading && signals.received() != 0;
    return {.exit = is_stopped ? 128 + signals.received() : 0};
  } catch (const Cancelled&) {
    return {.exit = 128 + signals.received()};
  } catch (const Error& error) {
    return {.exit = static_cast<int>(exit_status(error.code())), .failure = error};
  } catch (const std::exception& error) {
    return {.exit = static_cast<int>(ExitStatus::internal),
            .failure = Error{{.code = ErrorCode::internal,
                              .what = "pecanctl stopped because of a bug in it",
                              .why = error.what(),
                              .hint = "please report it, with what you did"}}};
  }
}

}  // namespace

int execute(Invocation invocation, const Signals& signals)
{
  auto& options = invocation.options;
  std::optional<Error> mistake;
  try {
    resolve_settings(options, invocation.flags);
  } catch (const Error& error) {
    mistake = error;
  }
  const bool with_color = wants_color(options);
  output::Printer printer{options.is_json, options.is_quiet, output::is_terminal(STDOUT_FILENO),
                          signals.stop()};
  printer.begin(invocation.command, invocation.is_reading);
  printer.set_instance(options.instance);
  auto reporter = make_reporter(invocation, printer, with_color);
  const auto ending = mistake ? Ending{static_cast<int>(exit_status(mistake->code())), mistake}
                              : carry_out(invocation, *reporter, printer, signals);
  reporter.reset();  // the terminal is as it was before the error appears
  if (ending.failure) {
    show_error(*ending.failure, printer.redactor(), with_color);
  }
  return finish(printer, ending.exit, ending.failure, &signals);
}

int refuse_line(const Error& error, std::span<const std::string> arguments)
{
  const auto variable = find_variable("PECANCTL_JSON");
  const bool is_json = std::ranges::find(arguments, "--json") != arguments.end() ||
                       (variable && (variable == "1" || variable == "true"));
  output::Printer printer{is_json, false, false};
  show_error(error, printer.redactor(), false);
  return finish(printer, static_cast<int>(ExitStatus::usage), error);
}

}  // namespace pecanctl::cli
