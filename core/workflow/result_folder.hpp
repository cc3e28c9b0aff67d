// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "core/workflow/joblog.hpp"
#include "core/workflow/run.hpp"

namespace pecanctl::workflow {

/// Writes what is known of a job that ended into `folder`, which is made when there is none:
/// `stdout` (the end of its output, at most 64 KiB), `outcome` (ok, error, lost or timeout) and
/// `joblog.json`. Each file is replaced as a whole. @throws Error.
void write_result(const std::filesystem::path& folder, const JobResult& result,
                  const JobLogRow& row);

}  // namespace pecanctl::workflow
