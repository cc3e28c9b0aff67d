// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"

namespace pecanctl {

/// Where a child's standard error goes: where ours goes, or into what we read of it.
enum class ChildErrors { ours, merged };

/// A child process whose standard output we read. Never a shell: the program and its arguments are
/// a vector. Killed and reaped at the end of the scope.
class Child {
 public:
  /// Starts `arguments[0]` (looked up in PATH). @throws Error not_found, denied, failed.
  explicit Child(std::span<const std::string> arguments, ChildErrors errors = ChildErrors::ours);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// The next piece of its output, empty at the end. Valid until the next call. @throws Error
  /// failed.
  std::string_view read();
  /// The same. @throws also Error timeout; Cancelled.
  std::string_view read(const Deadline& deadline, const std::stop_token& stop);
  /// Waits for the end; the exit code, or 128 + the signal that ended it.
  int wait();

 private:
  pid_t pid_ = -1;
  Fd output_;
  std::vector<char> buffer_;
};

}  // namespace pecanctl
