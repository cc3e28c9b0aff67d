// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace pecanctl::cli::output {

bool is_terminal(int fd)
{
  return ::isatty(fd) == 1;
}

TerminalSize terminal_size(int fd)
{
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

void write_stderr(std::string_view text) noexcept
{
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

std::string clip(std::string_view text, int columns)
{
  int cells = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_letter = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins_letter && cells++ == columns) {
      return std::string{text.substr(0, i)};
    }
  }
  return std::string{text};
}

}  // namespace pecanctl::cli::output
