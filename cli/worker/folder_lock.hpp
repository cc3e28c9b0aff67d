// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/fd.hpp"

namespace pecanctl::worker {

/// What the lock file of a run folder tells of the last message that was worked on there.
struct FolderRecord {
  std::string message_id = {};  ///< empty: it had none
  bool is_done = false;
  bool is_settled = false;  ///< the broker has heard so: the message cannot come back
};

/// The right to run a job in a folder: a kernel lock on `.pecan-worker.lock` in it, which ends with
/// the process.
class FolderLock {
 public:
  /// Nothing when another worker has it. @throws Error (folder missing, not writable).
  static std::optional<FolderLock> try_take(const std::filesystem::path& folder);

  FolderLock(FolderLock&&) noexcept = default;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

  /// Nothing when there is none, or it is not whole.
  std::optional<FolderRecord> read() const;
  /// Replaces the record; on disk when this returns. @throws Error.
  void write(const FolderRecord& record, std::string_view worker_id) const;

 private:
  explicit FolderLock(Fd file) : file_{std::move(file)} {}

  Fd file_;
};

}  // namespace pecanctl::worker
