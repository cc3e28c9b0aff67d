// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "cli/output/frame.hpp"

namespace pecanctl::cli::output {

/// The signs of a state: `✔ ✘ ! · -`, or `ok FAIL ! . -`.
enum class Sign { done, failed, caution, working, skipped };

/// How frames of one size are drawn. Widths are in cells, without colour.
struct LineStyle {
  int columns = 79;  ///< what a line may take
  int label = 12;    ///< column of the services' names
  TerminalStyle terminal = {};
};

/// " ✔ postgres     healthy                    6.1s": a sign, a name, a text that is cut where it
/// does not fit, and a time to the right (none when `elapsed` is negative).
std::string render_line(Sign sign, std::string_view label, std::string_view text,
                        std::chrono::milliseconds elapsed, const LineStyle& style);

/// Cells that the text of `render_line` may take beside `label`.
int text_room(std::string_view label, const LineStyle& style);

/// "Downloading ████████░░░░ 12.0 MiB of 40.0 MiB, 3.1 MiB/s, 9s left" in at most `room` cells: as
/// much of it as fits.
std::string render_progress(const StepView& step, int room, ViewTime now, TerminalStyle style);

/// A line below another one: "     | text", cut at the end.
std::string render_trail(std::string_view text, const LineStyle& style);

std::string_view ellipsis(TerminalStyle style);

/// `text` dimmed where colour is used.
std::string dim(std::string text, TerminalStyle style);

}  // namespace pecanctl::cli::output
