// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/run_flags.hpp"
#include "core/arrays/table.hpp"
#include "core/arrays/template.hpp"
#include "core/base/cancel.hpp"

namespace pecanctl::cli {

class Context;
class RunSetup;

/// The run folders that a command names.
class RunSources {
 public:
  /// Reads tables and lists. Looks at nothing in /data but runs.txt. @throws Error usage, invalid,
  /// not_found.
  RunSources(const RunFlags& flags, RunSetup& setup, Context& context);

  /// Makes the folders of --template; with `is_rehearsal` only tells what would be made.
  arrays::MadeFolders make_folders(bool is_rehearsal, const Deadline& deadline);

  /// The folders as they were named, those in `left_out` excepted. Once.
  std::vector<std::string> take_words(const std::vector<std::string>& left_out = {});

  /// Where the results of the job in `folder` (as workers see it) go.
  std::string result_path(std::string_view folder) const;

 private:
  void read_rows(RunSetup& setup);
  void read_runs(RunSetup& setup);
  arrays::Template read_model_folder(const Deadline& deadline);

  const RunFlags& flags_;
  RunSetup& setup_;
  Context& context_;
  arrays::Table table_;
  std::vector<std::string> words_;
  std::vector<arrays::RowFolder> rows_;  // by path, where there is a table
  std::vector<std::uint32_t> by_path_;
};

}  // namespace pecanctl::cli
