// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::cli::output {

/// Cells that `text` takes on a terminal: wide characters take two, combining ones none. Source:
/// Unicode 14, EastAsianWidth W and F. Expects the output of `one_line`, or other text without
/// control characters.
int display_width(std::string_view text);

/// Foreign text made fit for one line: control characters visible as \xNN, line ends and tabs as
/// one blank, bytes that are not UTF-8 as '?'. Where the terminal shows no UTF-8 (`is_unicode`
/// false) all that is not ASCII is '?'.
std::string one_line(std::string_view text, bool is_unicode);

/// The front of `text`, with `mark` in the place of what does not fit. Never wider than `cells`.
std::string keep_front(std::string_view text, int cells, std::string_view mark);
/// The end of `text`, which is what tells numbered names apart.
std::string keep_end(std::string_view text, int cells, std::string_view mark);

/// Our own signs (✔ ✘ · … → and the like) in ASCII, for a locale that is not UTF-8. What else
/// there is in `text` stays.
std::string with_ascii_signs(std::string text);

/// `text` followed by blanks up to `cells`; longer text stays as it is.
std::string pad_right(std::string text, int cells);

/// Breaks a message at blanks into lines of at most `cells`; a word that is longer is cut through.
/// Lines after the first are indented by `indent`.
std::vector<std::string> wrap_text(std::string_view text, int cells, int indent);

}  // namespace pecanctl::cli::output
