// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
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

/// A line from standard input, without its end; what there is of it at the end of the input.
/// @throws Cancelled as soon as a stop is requested.
std::string read_line(const std::stop_token& stop);

/// The first `columns` cells of `text` (valid UTF-8; escape sequences are not expected).
std::string clip(std::string_view text, int columns);

}  // namespace pecanctl::cli::output
