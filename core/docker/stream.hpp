// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace pecanctl::docker {

/// Joins the pieces of a text stream into lines.
class LineSplitter {
 public:
  using Use = std::function<void(std::string_view)>;

  explicit LineSplitter(Use use) : use_{std::move(use)} {}

  /// Hands out the lines that `piece` completes, without their end. Blank ones are left out.
  void push(std::string_view piece);
  /// Hands out what is left as the last line.
  void finish();

 private:
  void give(std::string_view line) const;

  Use use_;
  std::string rest_;
};

/// Takes apart the stream of logs and exec: frames of an 8-byte header (stream, three zero bytes,
/// size as big-endian uint32) and payload. Source: Docker Engine API, "Stream format" of container
/// attach.
class Demultiplexer {
 public:
  using Use = std::function<void(bool is_stderr, std::string_view)>;

  /// With a terminal there are no frames, and everything is stdout.
  Demultiplexer(bool has_terminal, Use use) : has_terminal_{has_terminal}, use_{std::move(use)} {}

  /// Hands out the payload in `piece`. A frame may come in several parts.
  void push(std::string_view piece);

 private:
  std::string_view take_header(std::string_view piece);

  bool has_terminal_;
  Use use_;
  std::string header_;
  std::size_t left_ = 0;  // of the payload of the frame whose header is complete
};

}  // namespace pecanctl::docker
