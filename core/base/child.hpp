// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fd.hpp"

namespace pecanctl {

/// A child process whose standard output we read; its standard error goes where ours goes unless
/// captured to a file. Never a shell: the program and its arguments are a vector. Killed and reaped
/// at the end of the scope.
class Child {
 public:
  /// Starts `arguments[0]` (looked up in PATH). @throws Error not_found, denied, failed.
  explicit Child(std::span<const std::string> arguments);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// The next piece of its output, empty at the end. Valid until the next call. @throws Error
  /// failed.
  std::string_view read();
  /// Waits for the end; the exit code, or 128 + the signal that ended it.
  int wait();

 private:
  pid_t pid_ = -1;
  Fd output_;
  std::vector<char> buffer_;
};

}  // namespace pecanctl
