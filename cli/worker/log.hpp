// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <string_view>

namespace pecanctl::worker {

/// One line an event, with the time (RFC 3339, UTC) in front. For `docker logs`.
class Log {
 public:
  explicit Log(std::FILE* stream) : stream_{stream} {}

  /// Line ends and control characters in `text` are made visible.
  void line(std::string_view text);

 private:
  std::FILE* stream_;
};

}  // namespace pecanctl::worker
