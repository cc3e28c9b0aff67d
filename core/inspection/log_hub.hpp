// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/inspection/logs.hpp"

namespace pecanctl::inspection {

/// Where the threads that read logs put their lines and one merger takes them, in the order of
/// their times. A stream that is full makes its thread wait.
class LogHub {
 public:
  using StreamId = std::uint64_t;
  using Clock = std::chrono::steady_clock;

  /// `patience`: how long a line waits for older ones of streams that are silent; nothing: until
  /// each has a line or has ended.
  explicit LogHub(std::optional<std::chrono::milliseconds> patience) : patience_{patience} {}

  StreamId open();
  /// Waits while the stream is full. Lines of one stream come in order. Returns false when the hub
  /// was shut down: the thread may leave.
  bool push(StreamId stream, std::vector<LogLine> lines);
  void close(StreamId stream);
  /// The merger ends with `error` once the lines before it are out.
  void fail(const Error& error);
  void shut_down();

  struct Next {
    std::optional<LogLine> line = {};  ///< nothing: a pause, or all streams have ended
    bool is_over = false;
  };

  /// The next line; a pause when none came within `idle`. @throws Error what `fail` was given;
  /// Cancelled.
  Next next(std::chrono::milliseconds idle, const std::stop_token& stop);

 private:
  struct Stream {
    std::deque<LogLine> lines;
    std::size_t bytes = 0;
    Clock::time_point since;  // when its first line came
    bool has_ended = false;
  };

  std::optional<LogLine> take_oldest();
  bool may_take() const;

  std::optional<std::chrono::milliseconds> patience_;
  std::mutex mutex_;
  std::condition_variable_any changed_;  // for the merger
  std::condition_variable has_space_;    // for the threads
  std::map<StreamId, Stream> streams_;
  StreamId last_id_ = 0;
  std::uint64_t changes_ = 0;
  std::optional<Error> error_;
  bool is_shut_down_ = false;
};

}  // namespace pecanctl::inspection
