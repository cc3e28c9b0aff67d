// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "core/base/fd.hpp"
#include "core/workflow/record.hpp"

namespace pecanctl::workflow {

/// The file that a run can be continued from: JSON Lines, only ever appended to, held under
/// flock(2) by the process that works on the run.
class Journal {
 public:
  /// A new file. @throws Error.
  static Journal create(const std::filesystem::path& path);
  /// Opens and locks `path`, and applies its lines to `state`. A last line without its newline (a
  /// crash while it was written) is cut off. Nothing when another process has it. @throws Error
  /// invalid for any other bad line.
  static std::optional<Journal> open(const std::filesystem::path& path, RunState& state);

  /// Applies the lines without a lock; a last line that is not whole is left out. For those who
  /// look on.
  static RunState read(const std::filesystem::path& path);

  /// Appends; on disk when this returns. @throws Error.
  void append(std::span<const Record> records);
  /// Appends; survives this process when this returns, and the machine after the next `append`.
  void write(std::span<const Record> records);

  void append(const Record& record) { append(std::span{&record, 1}); }

  const std::filesystem::path& path() const { return path_; }

 private:
  Journal(std::filesystem::path path, Fd file) : path_{std::move(path)}, file_{std::move(file)} {}

  std::filesystem::path path_;
  Fd file_;
};

}  // namespace pecanctl::workflow
