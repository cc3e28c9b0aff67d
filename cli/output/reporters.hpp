// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>

#include "cli/output/frame.hpp"
#include "cli/output/printer.hpp"
#include "core/base/redact.hpp"
#include "core/base/report.hpp"

namespace pecanctl::cli::output {

enum class Verbosity { quiet, normal, verbose };

/// Where a reporter for people writes.
using Sink = std::function<void(std::string_view)>;

struct PlainOptions {
  Verbosity verbosity = Verbosity::normal;
  /// Lines for systemd's journal: a priority (`<3>` error, `<4>` warning, `<6>` information)
  /// instead of the time, which the journal has. Source: sd-daemon(3).
  bool is_journal = false;
  std::chrono::milliseconds heartbeat{30'000};
};

/// One line per transition, with the time; no escape sequence, no carriage return. While nothing
/// happens, a heartbeat names what is waited for.
std::unique_ptr<Reporter> make_plain_reporter(PlainOptions options, const Redactor& redactor,
                                              Sink sink);

/// Whether `journal_stream`, the variable JOURNAL_STREAM ("device:inode"), means the open file
/// `fd`: then what is written there goes to systemd's journal. Source: systemd.exec(5).
bool is_journal(int fd, std::string_view journal_stream);

/// A block of lines at the end of the terminal, redrawn in place: see `render_frame`. Nothing in
/// the first 300 ms, then at most ten frames a second; its last frame stays. Lines that are to stay
/// (notes, warnings) scroll away above it.
class LiveReporter : public Reporter {
 public:
  /// Takes the block off the screen, or leaves it for good when nothing is under way, and keeps it
  /// off until what is returned goes: somebody else writes to the terminal.
  virtual std::unique_lock<std::mutex> hold_screen() = 0;
};

struct LiveOptions {
  Verbosity verbosity = Verbosity::normal;
  TerminalStyle style = {};
  std::function<TerminalSize()> size = {};
  /// As soon as a stop is requested, the reporter says so: `stop_word`. Unless `is_quiet` says that
  /// nobody is to be told.
  std::stop_token stop = {};
  std::string_view stop_word = {};
  std::function<bool()> is_quiet = {};
};

std::unique_ptr<LiveReporter> make_live_reporter(LiveOptions options, const Redactor& redactor,
                                                 Sink sink);

/// JSON Lines through `printer`: `step`, `note`, `warning`.
std::unique_ptr<Reporter> make_json_reporter(Printer& printer, Verbosity verbosity);

}  // namespace pecanctl::cli::output
