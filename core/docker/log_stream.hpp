// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/docker/types.hpp"

namespace pecanctl::docker {

/// Reads the engine's log stream with times: a frame (8-byte header as Demultiplexer's) an entry,
/// "<RFC 3339> <text>". The engine cuts lines at 16 KiB; all but the last piece of one have no
/// newline, and each has a time of its own. With a terminal there are no frames, only lines.
/// Holds at most 64 KiB, whatever comes.
class LogFrames {
 public:
  using Use = std::function<void(const LogPiece&)>;

  LogFrames(bool has_terminal, Use use) : has_terminal_{has_terminal}, use_{std::move(use)} {}

  /// Hands out the entries that `data` completes.
  void push(std::string_view data);
  /// Hands out what is left, when the stream has ended in the middle of an entry.
  void finish();

 private:
  std::string_view take_header(std::string_view data);
  void push_line_text(std::string_view data);
  void give(bool ends_entry);

  bool has_terminal_;
  Use use_;
  std::string header_;
  std::size_t left_ = 0;  // of the frame's payload
  std::string entry_;     // what has come of it and was not handed out
  std::string time_;      // of the entry; empty until it is known
  bool is_stderr_ = false;
};

}  // namespace pecanctl::docker
