// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/run_flags.hpp"
#include "core/workflow/joblog.hpp"
#include "core/workflow/run.hpp"

namespace pecanctl::cli {

/// The files that tell of each job that ended: --joblog and --results.
class RunReports {
 public:
  /// Tells where the results of a folder go, below --results.
  using ResultPath = std::function<std::string(std::string_view folder)>;

  /// @throws Error when they cannot be written.
  RunReports(const RunFlags& flags, std::string queue, ResultPath result_path);

  /// A failure to write is one of the command: what is missing there would not be noticed.
  void add(const workflow::JobResult& result);

 private:
  std::string queue_;
  std::filesystem::path results_;
  ResultPath result_path_;
  std::optional<workflow::JobLog> log_;
};

}  // namespace pecanctl::cli
