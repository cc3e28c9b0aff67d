// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <ios>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/workflow/record.hpp"

namespace pecanctl::workflow {

/// How far a run is.
struct RunProgress {
  RunInfo info = {};
  std::size_t total = 0;
  std::size_t done = 0;  ///< over, good or bad
  std::size_t failed = 0;
};

RunProgress measure(const RunState& state);

/// Reads a journal while another process writes it, without a lock. Copes with its move to done/.
class JournalTail {
 public:
  explicit JournalTail(std::filesystem::path path) : path_{std::move(path)} {}

  /// Applies what was added since the last call; tells each record, after it was applied. @throws
  /// Error invalid.
  void read_on(const std::function<void(const Record&)>& on_record = {});

  const RunState& state() const { return state_; }

 private:
  std::filesystem::path path_;
  RunState state_ = {};
  std::string rest_ = {};  // of a line whose end has not come
  std::streamoff at_ = 0;
};

/// Watches the runs of an instance that are not over, as their journals tell. A look reads only
/// what was added since the last one, and takes no lock. Makes no folder.
class RunFollower {
 public:
  explicit RunFollower(std::filesystem::path folder) : folder_{std::move(folder)} {}

  /// The runs under way now, oldest first. A journal that cannot be read is left out.
  std::vector<RunProgress> look();

 private:
  struct Followed {
    JournalTail tail;
    bool is_bad = false;
  };

  std::filesystem::path folder_;
  std::map<std::string, Followed> runs_;  // by id
};

}  // namespace pecanctl::workflow
