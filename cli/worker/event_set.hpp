// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <csignal>
#include <optional>
#include <vector>

#include "core/base/fd.hpp"

namespace pecanctl::worker {

/// SIGTERM, SIGINT and SIGCHLD as a readable descriptor. Made before the first thread: it blocks
/// them, which also makes them reach a process 1. SIGPIPE is ignored from here on.
class SignalQueue {
 public:
  SignalQueue();

  int fd() const { return fd_.get(); }

  /// The next one that arrived.
  std::optional<int> take();

 private:
  Fd fd_;
};

/// Descriptors of which one may be waited for together with the broker's socket: itself readable
/// when one is.
class EventSet {
 public:
  EventSet();

  int fd() const { return fd_.get(); }

  void add(int fd);
  /// Sleeps until one is readable.
  void wait(int timeout_ms) const;

 private:
  Fd fd_;
};

}  // namespace pecanctl::worker
