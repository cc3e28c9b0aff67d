// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <functional>
#include <string>

#include "core/base/redact.hpp"
#include "core/docker/types.hpp"
#include "core/inspection/logs.hpp"

namespace pecanctl::inspection {

/// Joins the pieces of one container's log into lines without secrets. A line of more than 64 KiB
/// goes out in parts, cut so that no secret is split between two.
class LineJoiner {
 public:
  using Use = std::function<void(LogLine)>;

  LineJoiner(LogSource source, const Redactor& redactor, Use use)
      : source_{std::move(source)},
        redactor_{redactor},
        use_{std::move(use)}
  {
  }

  void push(const docker::LogPiece& piece);
  /// Hands out what has no end yet.
  void finish();

 private:
  struct Open {
    std::string time;
    std::string text;
    bool is_begun = false;
  };

  void give(Open& open, bool is_stderr, std::string text, bool is_partial);

  LogSource source_;
  const Redactor& redactor_;
  Use use_;
  std::array<Open, 2> open_ = {};  // stdout, stderr
};

}  // namespace pecanctl::inspection
