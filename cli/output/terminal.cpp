// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

#include "cli/output/display_text.hpp"
#include "core/base/cancel.hpp"

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

std::string read_line(const std::stop_token& stop)
{
  constexpr int k_look_for_stop_ms = 50;
  std::string line;
  for (;;) {
    check_stop(stop);
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&input, 1, k_look_for_stop_ms) <= 0) {
      continue;
    }
    char letter = 0;
    if (::read(STDIN_FILENO, &letter, 1) <= 0 || letter == '\n') {
      return line;
    }
    line += letter;
  }
}

std::string clip(std::string_view text, int columns)
{
  return keep_front(text, columns, "");
}

}  // namespace pecanctl::cli::output
