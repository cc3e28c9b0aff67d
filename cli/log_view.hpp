// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "core/inspection/logs.hpp"

namespace pecanctl::cli {

struct LogStyle {
  bool is_json = false;
  bool is_terminal = false;  ///< control characters are made visible
  bool has_color = false;
  bool has_times = false;
};

/// A line as it is printed, its newline included. `width` is that of the widest label.
std::string render_log_line(const inspection::LogLine& line, const LogStyle& style,
                            std::size_t width);

/// What stands in a line of a log may drive a terminal: control characters (of both kinds), and
/// bytes that are no UTF-8, as \xNN. Tabs stay.
std::string make_visible(std::string_view text);

/// Writes lines to standard output, many at a time.
class LogWriter {
 public:
  LogWriter(LogStyle style, std::size_t width, std::stop_token stop)
      : style_{style},
        width_{width},
        stop_{std::move(stop)}
  {
  }

  /// Both return false once nobody reads any more. @throws Cancelled, also while a reader does not
  /// read.
  bool add(const inspection::LogLine& line);
  bool flush();

 private:
  LogStyle style_;
  std::size_t width_;
  std::stop_token stop_;
  std::string waiting_;
  bool is_gone_ = false;
};

}  // namespace pecanctl::cli
