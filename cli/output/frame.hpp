// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "cli/output/progress_view.hpp"
#include "cli/output/terminal.hpp"

namespace pecanctl::cli::output {

/// What a terminal can show.
struct TerminalStyle {
  bool is_unicode = true;  ///< the locale is UTF-8; else `ok FAIL ! . + ~ -`
  bool with_color = false;
};

/// Lays `view` out as the lines of one frame: a line per service, below it what works or failed,
/// elapsed times to the right. No line is as wide as the screen, so that none wraps; with colour
/// the escapes come on top of that. There are at most `size.rows - 2` lines; what has to be left
/// out is counted in the last one. Pure.
std::vector<std::string> render_frame(const ProgressView& view, TerminalSize size, ViewTime now,
                                      TerminalStyle style);

/// The frame that stays on the screen: all that ended, with the whole trail of what failed.
std::vector<std::string> render_last_frame(const ProgressView& view, TerminalSize size,
                                           ViewTime now, TerminalStyle style);

}  // namespace pecanctl::cli::output
