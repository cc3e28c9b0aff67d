// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/workflow/record.hpp"

namespace pecanctl::workflow {

/// How far a run is.
struct RunProgress {
  RunInfo info = {};
  std::size_t total = 0;
  std::size_t done = 0;  ///< with an outcome, good or bad
  std::size_t failed = 0;
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
    RunState state = {};
    std::string rest = {};  // of a line whose end has not come
    std::streamoff at = 0;
    bool is_bad = false;
  };

  static void read_on(const std::filesystem::path& path, Followed& run);

  std::filesystem::path folder_;
  std::map<std::string, Followed> runs_;  // by id
};

}  // namespace pecanctl::workflow
