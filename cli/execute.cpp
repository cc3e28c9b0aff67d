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
  const bool is_off = !find_variable("NO_COLOR").value_or("").empty() ||
                      find_variable("TERM").value_or("dumb") == "dumb";
  return !is_off && output::is_terminal(STDERR_FILENO);
}

void show_error(const Error& error, const output::Redactor& redactor, bool with_color)
{
  output::write_stderr(redactor.apply(output::render_error(error, with_color)));
  if (find_variable("GITHUB_ACTIONS").value_or("") == "true") {
    output::write_stderr(redactor.apply(output::render_annotations(error)));
  }
}

// The last record. Somebody who cannot be told so on stdout is told on stderr.
int finish(output::Printer& printer, int exit, const std::optional<Error>& failure)
{
  try {
    printer.finish(exit, failure ? &*failure : nullptr);
  } catch (const Error& error) {
    show_error(error, printer.redactor(), false);
    return exit == 0 ? static_cast<int>(exit_status(error.code())) : exit;
  }
  return exit;
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
    return {};
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

int execute(const Invocation& invocation, const Signals& signals)
{
  const auto& options = invocation.options;
  const bool with_color = wants_color(options);
  output::Printer printer{options.is_json, options.is_quiet, output::is_terminal(STDOUT_FILENO)};
  printer.begin(invocation.command, invocation.is_reading);
  printer.set_instance(options.instance);
  auto reporter = make_reporter(invocation, printer, with_color);
  const auto ending = carry_out(invocation, *reporter, printer, signals);
  reporter.reset();  // the terminal is as it was before the error appears
  if (ending.failure) {
    show_error(*ending.failure, printer.redactor(), with_color);
  }
  return finish(printer, ending.exit, ending.failure);
}

int refuse_line(const Error& error, std::span<const std::string> arguments)
{
  const bool is_json = std::ranges::find(arguments, "--json") != arguments.end();
  output::Printer printer{is_json, false, false};
  show_error(error, printer.redactor(), false);
  return finish(printer, static_cast<int>(ExitStatus::usage), error);
}

}  // namespace pecanctl::cli
