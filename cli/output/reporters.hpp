// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "cli/output/printer.hpp"
#include "core/base/report.hpp"

namespace pecanctl::cli::output {

enum class Verbosity { quiet, normal, verbose };

/// One line per transition on stderr, with the time; no escape sequence, no carriage return; a
/// heartbeat every 30 s that names what is waited for.
std::unique_ptr<Reporter> make_plain_reporter(Verbosity verbosity);

/// For a terminal: a line per finished step, and below them one live line, redrawn at most ten
/// times a second and never wider than the terminal. Nothing in the first 300 ms.
std::unique_ptr<Reporter> make_terminal_reporter(Verbosity verbosity, bool with_color);

/// JSON Lines through `printer`: `step`, `note`, `warning`.
std::unique_ptr<Reporter> make_json_reporter(Printer& printer, Verbosity verbosity);

}  // namespace pecanctl::cli::output
