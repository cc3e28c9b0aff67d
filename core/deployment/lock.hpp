// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

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

enum class LockMode {
  exclusive,  ///< one holder
  shared,     ///< any number, but none beside an exclusive one
};

/// Which lock, and how to get it.
struct LockRequest {
  /// It is taken in each of them, in this order: two processes exclude each other when they share
  /// one.
  std::vector<std::filesystem::path> folders = {};
  std::string name = {};
  std::chrono::milliseconds wait{0};
  LockMode mode = LockMode::exclusive;
};

/// Holds an instance on this machine: one changing command at a time. Freed by the kernel when its
/// process ends, however that happens.
class InstanceLock {
 public:
  /// Takes the lock, or waits for it; says so when it waits.
  /// @throws Error conflict that names the holder; Cancelled.
  InstanceLock(const LockRequest& request, const Holder& holder, Reporter& reporter,
               const std::stop_token& stop);

 private:
  std::vector<Fd> files_;
};

/// Who holds the lock `name` now, in words, or nothing. Only looks: it never takes the lock, not
/// even for a moment. Source: proc(5), /proc/locks.
std::optional<std::string> find_lock_holder(std::span<const std::filesystem::path> folders,
                                            const std::string& name);

/// Where locks live. `/run/pecanctl` (root:docker, group-writable; root makes it) where we may
/// write there, and `/run/lock`, where everybody may. Both are taken, because neither alone is
/// shared by all who may use Docker: a user who reaches the socket by an access list is not in the
/// group docker, and a member of the group cannot make the folder before root did.
/// @throws Error failed when there is none of them.
std::vector<std::filesystem::path> lock_folders();

}  // namespace pecanctl::deployment
