// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/run_reports.hpp"

#include <chrono>
#include <utility>

#include "core/workflow/result_folder.hpp"

namespace pecanctl::cli {

RunReports::RunReports(const RunFlags& flags, std::string queue, ResultPath result_path)
    : queue_{std::move(queue)},
      results_{flags.results},
      result_path_{std::move(result_path)}
{
  if (!flags.joblog.empty()) {
    log_.emplace(flags.joblog);
  }
}

void RunReports::add(const workflow::JobResult& result)
{
  if (result.is_retried || (!log_ && results_.empty())) {
    return;
  }
  const auto row = workflow::make_joblog_row(result, queue_, std::chrono::system_clock::now());
  if (log_) {
    log_->add(row);
  }
  if (!results_.empty()) {
    workflow::write_result(results_ / result_path_(result.folder), result, row);
  }
}

}  // namespace pecanctl::cli
