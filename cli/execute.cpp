// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/execute.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/output/display_text.hpp"
#include "cli/output/error_view.hpp"
#include "cli/output/printer.hpp"
#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"
#include "cli/settings.hpp"
#include "cli/signals.hpp"
#include "core/base/cancel.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using output::Verbosity;

// Source: POSIX, "Internationalization Variables": the first one that is set and not empty.
bool has_utf8_locale()
{
  for (const auto* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    auto value = find_variable(name).value_or("");
    if (!value.empty()) {
      std::erase(value, '-');
      return value.find("UTF8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return false;
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

// How people are talked to, on stderr.
struct Voice {
  output::TerminalStyle style = {};
  bool is_journal = false;
  bool is_live = false;  ///< a terminal that can redraw
  Verbosity verbosity = Verbosity::normal;
};

Voice find_voice(const GlobalOptions& options)
{
  const bool is_dumb = find_variable("TERM").value_or("dumb") == "dumb";
  return {
      .style = {.is_unicode = has_utf8_locale(), .with_color = wants_color(options)},
      .is_journal = output::is_journal(STDERR_FILENO, find_variable("JOURNAL_STREAM").value_or("")),
      .is_live = output::is_terminal(STDERR_FILENO) && !is_dumb && !find_variable("CI"),
      .verbosity = options.is_quiet        ? Verbosity::quiet
                   : options.verbosity > 0 ? Verbosity::verbose
                                           : Verbosity::normal};
}

// Passes events on, and remembers whether the trail of a failure was among them.
class Witness : public Reporter {
 public:
  explicit Witness(std::unique_ptr<Reporter> next) : next_{std::move(next)} {}

  void on(const Event& event) noexcept override
  {
    if (const auto* end = std::get_if<StepFinished>(&event);
        end != nullptr && !end->trail.empty()) {
      const std::scoped_lock lock{mutex_};
      trails_.push_back(end->trail);
    }
    next_->on(event);
  }

  bool has_seen(const std::vector<std::string>& trail) const
  {
    const std::scoped_lock lock{mutex_};
    return std::ranges::find(trails_, trail) != trails_.end();
  }

  /// The view is over; what is on the screen stays.
  void close() { next_ = std::make_unique<SilentReporter>(); }

 private:
  std::unique_ptr<Reporter> next_;
  mutable std::mutex mutex_;
  std::vector<std::vector<std::string>> trails_;
};

std::unique_ptr<Reporter> make_reporter(const Invocation& invocation, const Voice& voice,
                                        output::Printer& printer, Signals& signals)
{
  if (invocation.options.is_json && !invocation.is_reading) {
    return output::make_json_reporter(printer, voice.verbosity);
  }
  if (voice.is_live && voice.verbosity != Verbosity::quiet) {
    auto reporter =
        output::make_live_reporter({.verbosity = voice.verbosity,
                                    .style = voice.style,
                                    .size = [] { return output::terminal_size(STDERR_FILENO); },
                                    .stop = signals.stop(),
                                    .stop_word = Signals::k_word,
                                    .is_quiet = [&signals] { return signals.is_quiet(); }},
                                   printer.redactor(), output::write_stderr);
    signals.leave_word_to_others(true);
    if (printer.is_terminal()) {
      printer.set_hold([live = reporter.get()] { return live->hold_screen(); });
    }
    return reporter;
  }
  return output::make_plain_reporter({.verbosity = voice.verbosity, .is_journal = voice.is_journal},
                                     printer.redactor(), output::write_stderr);
}

void show_error(const Error& error, const Redactor& redactor, const Voice& voice, bool with_trail)
{
  auto text =
      output::render_error(error, {.with_color = voice.style.with_color, .with_trail = with_trail});
  if (find_variable("GITHUB_ACTIONS").value_or("") == "true") {
    text += output::render_annotations(error);
  }
  text = redactor.redact(text);
  text = voice.style.is_unicode ? text : output::with_ascii_signs(std::move(text));
  if (voice.is_journal) {
    std::string lines;
    for (const auto& line : split(std::string_view{text}.substr(0, text.size() - 1), '\n')) {
      lines += fmt::format("<3>{}\n", line);
    }
    text = std::move(lines);
  }
  output::write_stderr(text);
}

// The last record. Somebody who cannot be told so on stdout is told on stderr.
int finish(output::Printer& printer, const Voice& voice, int exit,
           const std::optional<Error>& failure, const Signals* signals = nullptr)
{
  try {
    const bool is_read = printer.finish(exit, failure ? &*failure : nullptr);
    const int received = signals == nullptr ? 0 : signals->received();
    return exit == 0 && !is_read && received != 0 ? 128 + received : exit;
  } catch (const Error& error) {
    show_error(error, printer.redactor(), voice, true);
    return exit == 0 ? static_cast<int>(exit_status(error.code())) : exit;
  }
}

// An instruction for every failure: what always holds, where the thrower knew nothing better.
std::string_view standard_fix(ErrorCode code)
{
  switch (code) {
    case ErrorCode::usage:
      return "see `pecanctl --help`";
    case ErrorCode::invalid:
      return "correct it and repeat the command";
    case ErrorCode::unreachable:
      return "make sure that it runs and answers, and repeat the command";
    case ErrorCode::denied:
      return "check owner and mode, your groups, or the password; then repeat the command";
    case ErrorCode::conflict:
      return "see who works on it (`pecanctl status`), and repeat the command when that is over";
    case ErrorCode::timeout:
      return "repeat the command, which goes on where it stopped; --timeout gives it longer";
    case ErrorCode::partial:
      return "repeat the command: it goes on where it stopped";
    case ErrorCode::unconfirmed:
      return "confirm it";
    case ErrorCode::not_found:
      return "check the name; `pecanctl status` shows what there is";
    case ErrorCode::finding:
      return "pecanctl deploy";
    case ErrorCode::workload:
      return "correct the cause and run the same command again: what is OK is skipped";
    case ErrorCode::internal:
      return "please report it, with what you did";
    case ErrorCode::failed:
      break;
  }
  return "repeat the command with -v, which tells what it does";
}

Error with_fix(const Error& error)
{
  auto info = error.info();
  // A mistake that is shown in its line, with a caret, needs no more words.
  for (auto& diagnostic : info.diagnostics) {
    if (diagnostic.hint.empty() && diagnostic.excerpt.empty()) {
      diagnostic.hint = standard_fix(info.code);
    }
  }
  if (info.hint.empty() && info.diagnostics.empty()) {
    info.hint = standard_fix(info.code);
  }
  Error result{std::move(info)};
  std::ranges::for_each(error.frames(), [&](const auto& frame) { result.add_frame(frame); });
  return result;
}

struct Ending {
  int exit = 0;
  std::optional<Error> failure = {};
};

Ending carry_out(const Invocation& invocation, Reporter& reporter, output::Printer& printer,
                 const Signals& signals)
{
  try {
    Context context{invocation.options, invocation.line, reporter, printer,
                    signals.stop(),     &signals};
    invocation.run(context);
    // Whoever asked to stop is told so, also when there was nothing left to do.
    const bool is_stopped = !invocation.is_reading && signals.received() != 0;
    return {.exit = is_stopped ? 128 + signals.received() : 0};
  } catch (const Cancelled&) {
    return {.exit = 128 + signals.received()};
  } catch (const Error& error) {
    return {.exit = static_cast<int>(exit_status(error.code())), .failure = with_fix(error)};
  } catch (const std::filesystem::filesystem_error& error) {
    const auto translated = system_error(error.what(), error.code().value());
    return {.exit = static_cast<int>(exit_status(translated.code())),
            .failure = with_fix(translated)};
  } catch (const std::exception& error) {
    return {.exit = static_cast<int>(ExitStatus::internal),
            .failure = Error{{.code = ErrorCode::internal,
                              .what = "pecanctl stopped because of a bug in it",
                              .why = error.what(),
                              .hint = std::string{standard_fix(ErrorCode::internal)}}}};
  }
}

}  // namespace

int execute(Invocation invocation, Signals& signals)
{
  auto& options = invocation.options;
  std::optional<Error> mistake;
  try {
    resolve_settings(options, invocation.flags);
  } catch (const Error& error) {
    mistake = with_fix(error);
  }
  const auto voice = find_voice(options);
  output::Printer printer{options.is_json, options.is_quiet, output::is_terminal(STDOUT_FILENO),
                          signals.stop()};
  printer.begin(invocation.command, invocation.is_reading);
  printer.set_instance(options.instance);
  if (!voice.style.is_unicode) {
    printer.use_ascii();
  }
  Witness reporter{make_reporter(invocation, voice, printer, signals)};
  const auto ending = mistake ? Ending{static_cast<int>(exit_status(mistake->code())), mistake}
                              : carry_out(invocation, reporter, printer, signals);
  printer.set_hold({});
  reporter.close();  // the terminal is as it was before the error appears
  signals.leave_word_to_others(false);
  if (ending.failure) {
    const bool was_shown =
        voice.verbosity != Verbosity::quiet && reporter.has_seen(ending.failure->info().trail);
    show_error(*ending.failure, printer.redactor(), voice, !was_shown);
  }
  return finish(printer, voice, ending.exit, ending.failure, &signals);
}

int refuse_line(const Error& refusal, std::span<const std::string> arguments)
{
  const auto error = with_fix(refusal);
  const auto variable = find_variable("PECANCTL_JSON");
  const bool is_json = std::ranges::find(arguments, "--json") != arguments.end() ||
                       (variable && (variable == "1" || variable == "true"));
  output::Printer printer{is_json, false, false};
  const Voice voice{.style = {.is_unicode = has_utf8_locale()},
                    .is_journal = output::is_journal(STDERR_FILENO,
                                                     find_variable("JOURNAL_STREAM").value_or(""))};
  show_error(error, printer.redactor(), voice, true);
  return finish(printer, voice, static_cast<int>(ExitStatus::usage), error);
}

}  // namespace pecanctl::cli
