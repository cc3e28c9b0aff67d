// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <mutex>

#include "cli/output/display_text.hpp"
#include "cli/output/stream.hpp"
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
  // The process has one stderr, and what is known about its reader has to outlive every writer.
  static std::mutex mutex;
  static ImpatientOutput output{STDERR_FILENO};
  const std::scoped_lock lock{mutex};
  output.write(text);
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
