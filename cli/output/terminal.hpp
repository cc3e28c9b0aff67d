// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace pecanctl::cli::output {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

bool is_terminal(int fd);
TerminalSize terminal_size(int fd);

/// Writes to stderr; a reader who is gone is nobody's problem.
void write_stderr(std::string_view text) noexcept;

/// The first `columns` cells of `text` (UTF-8, one cell per code point; escape sequences are not expected).
std::string clip(std::string_view text, int columns);

}  // namespace pecanctl::cli::output
