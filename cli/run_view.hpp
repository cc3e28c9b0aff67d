// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "cli/output/printer.hpp"
#include "core/base/error.hpp"
#include "core/base/report.hpp"
#include "core/workflow/record.hpp"
#include "core/workflow/run.hpp"

namespace pecanctl::cli {

/// "1 job", "12 jobs".
std::string count_jobs(std::size_t count);

/// Tells what became of a run's jobs.
class RunView {
 public:
  RunView(output::Printer& printer, Reporter& reporter, workflow::RunInfo info);

  void add(const workflow::JobResult& result);
  void tell_detached();
  /// The jobs go on: how to wait for them again.
  void tell_interrupted();
  Error with_advice(const Error& error) const;
  /// The closing lines. @throws Error workload when a job failed, partial when some were taken
  /// back.
  void finish(const workflow::RunTotals& totals);

 private:
  std::string advice() const;
  void require_good_end(const workflow::RunTotals& totals) const;

  output::Printer& printer_;
  Reporter& reporter_;
  workflow::RunInfo info_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::vector<workflow::JobResult> failed_;  ///< the first ones
};

}  // namespace pecanctl::cli
