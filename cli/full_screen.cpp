// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/full_screen.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace pecanctl::cli {
namespace {

// Alternate screen, hidden cursor, no wrapping; and back. Source: ECMA-48, xterm control sequences.
constexpr std::string_view k_enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view k_leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

void write_screen(std::string_view text) noexcept
{
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      return;  // the terminal is gone
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

}  // namespace

FullScreen::FullScreen()
{
  has_keyboard_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keyboard_) {
    auto raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  write_screen(k_enter);
}

FullScreen::~FullScreen()
{
  restore();
}

void FullScreen::restore() noexcept
{
  write_screen(k_leave);
  if (has_keyboard_) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
}

void FullScreen::show(const std::vector<std::string>& lines)
{
  std::string text = lines.size() < shown_ ? "\x1b[2J\x1b[H" : "\x1b[H";
  shown_ = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // Cleared before it is written: behind a full line the cursor stands on its last cell.
    text += (i == 0 ? "\x1b[K" : "\r\n\x1b[K") + lines[i];
  }
  write_screen(text);
}

std::optional<char> FullScreen::read_key(std::chrono::milliseconds wait) const
{
  pollfd input{.fd = has_keyboard_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  char key = 0;
  if (::poll(&input, 1, static_cast<int>(wait.count())) > 0 && ::read(STDIN_FILENO, &key, 1) == 1) {
    return key;
  }
  if ((input.revents & (POLLHUP | POLLERR)) != 0) {
    return 'q';  // the terminal was closed
  }
  return std::nullopt;
}

}  // namespace pecanctl::cli
