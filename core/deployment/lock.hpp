// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"
#include "core/base/report.hpp"

namespace pecanctl::deployment {

/// Who holds, or wants, the lock of an instance.
struct Holder {
  std::string host = {};
  int pid = 0;
  std::string user = {};
  std::string command = {};
  std::string since = {};  ///< RFC 3339
};

/// Holds an instance on this machine: one changing command at a time. Freed by the kernel when its
/// process ends, however that happens.
class InstanceLock {
 public:
  /// Takes the lock `name` in `folder`, or waits for it at most `wait`.
  /// @throws Error conflict that names the holder; Cancelled.
  InstanceLock(const std::filesystem::path& folder, const std::string& name, const Holder& holder,
               std::chrono::milliseconds wait, Reporter& reporter, const std::stop_token& stop);

 private:
  Fd file_;
};

/// Who holds the lock `name` in `folder` now, in words, or nothing. Only looks: it never takes the
/// lock, not even for a moment. Source: proc(5), /proc/locks.
std::optional<std::string> find_lock_holder(const std::filesystem::path& folder,
                                            const std::string& name);

/// Where locks live: a folder that everyone who may use Docker shares. `/run/pecanctl`
/// (root:docker, group-writable) when it is there or can be made, else `/run/lock`.
std::filesystem::path lock_folder();

}  // namespace pecanctl::deployment
