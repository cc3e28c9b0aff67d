// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/config/node.hpp"

namespace pecanctl::config {

/// Collects the mistakes of one file, so that the operator sees all of them at once.
class Diagnostics {
 public:
  /// How many are shown; more are only counted.
  static constexpr std::size_t k_shown = 20;

  /// `file` is the name to print, `text` what it holds (for the excerpts).
  Diagnostics(std::string file, std::string_view text);

  void add(Position at, std::string message, std::string hint = {});

  bool is_empty() const { return count_ == 0; }

  /// Whether further ones are only counted: no use in making a hint.
  bool is_full() const { return count_ >= k_shown; }

  /// Where `needle` first stands in the line of `start`, not before it; `start` when it does not.
  Position find_in_line(Position start, std::string_view needle) const;

  /// @throws Error invalid with everything collected, in the order of the file; nothing when there
  /// is nothing.
  void throw_if_any() const;
  [[noreturn]] void throw_all() const;

 private:
  std::string_view line_text(int line) const;

  std::string file_;
  std::string text_;
  std::vector<Diagnostic> found_;  ///< at most k_shown
  std::size_t count_ = 0;
};

}  // namespace pecanctl::config
