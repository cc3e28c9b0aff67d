// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace pecanctl::cli {

/// The terminal's alternate screen: what was on it comes back when this object ends. Keys are read
/// one by one and not shown; Ctrl-C is a key.
class FullScreen {
 public:
  FullScreen();
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  /// Shows `lines`, which fit.
  void show(const std::vector<std::string>& lines);
  /// The next key, or nothing when none came within `wait`.
  std::optional<char> read_key(std::chrono::milliseconds wait) const;
  /// Gives the terminal back, at once and from any thread; may be repeated.
  void restore() noexcept;

 private:
  bool has_keyboard_ = false;
  std::size_t shown_ = 0;  // lines
  termios before_{};
};

}  // namespace pecanctl::cli
