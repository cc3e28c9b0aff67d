// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::cli::output {

/// One of our standard streams, written without ever being held up by a reader who does not read:
/// a full pipe, a stopped terminal. The flags of the stream itself are left alone, because others
/// share it: a pipe or terminal is opened once more, and a socket is asked call by call.
class Stream {
 public:
  /// `fd` stays the caller's.
  explicit Stream(int fd);

  /// Writes what fits now; returns how many bytes that was. A reader who is gone takes everything.
  /// @throws Error failed (a full disk).
  std::size_t write_some(std::string_view text);

  /// Waits until something fits, at most for `patience`. Returns whether it does, or the reader is
  /// gone.
  bool wait(std::chrono::milliseconds patience) const;

 private:
  enum class Kind { file, socket, reopened, shared };

  int target() const { return own_ ? own_.get() : fd_; }

  int fd_;
  Kind kind_ = Kind::file;
  Fd own_;
};

/// The answer, in order and complete: what the reader does not take yet is kept and written later.
/// Only when too much has gathered does a writer wait: for as long as it takes, or not at all once
/// `go_on_unread` was called, which is right for whoever holds a lock. Not thread-safe.
class PatientOutput {
 public:
  static constexpr std::size_t k_most_kept = std::size_t{8} << 20U;  ///< bytes

  PatientOutput(int fd, std::stop_token stop) : stream_{fd}, stop_{std::move(stop)} {}

  /// @throws Error failed (a full disk).
  void write(std::string_view text);

  /// From now on the work is more important than its output: lines beyond `k_most_kept` are lost.
  void go_on_unread() { waits_ = false; }

  /// Waits until all is written; after a stop request for one more second only. Returns whether all
  /// was. @throws Error failed (a full disk).
  bool flush();

 private:
  void drain();

  Stream stream_;
  std::stop_token stop_;
  std::string kept_;
  bool waits_ = true;
  bool has_lost_ = false;
};

/// The talk: lines that nobody takes within `k_patience` are lost, and so are further ones until
/// somebody reads again, who is told how many. Thread-safe through the caller (write_stderr).
class ImpatientOutput {
 public:
  static constexpr std::chrono::milliseconds k_patience{2000};

  explicit ImpatientOutput(int fd) : stream_{fd} {}

  void write(std::string_view text) noexcept;

 private:
  bool put(std::string_view text, std::chrono::milliseconds patience);

  Stream stream_;
  std::size_t lost_ = 0;  // pieces since somebody stopped reading
  bool is_torn_ = false;  // the last piece was written in part
};

}  // namespace pecanctl::cli::output
