// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/run_flags.hpp"
#include "cli/run_reports.hpp"
#include "cli/run_setup.hpp"
#include "core/base/cancel.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::cli {

class Context;

/// `--timeout` from now, else no limit: jobs may take days.
Deadline whole_time(const Context& context);

/// Submits what is left of a run, waits as `flags` say, and tells how it ended. @throws Error
/// workload, partial, timeout, unreachable; Cancelled.
void carry_out(workflow::HeldRun& held, const RunTarget& target, const RunFlags& flags,
               RunReports& reports, RunSetup& setup, Context& context);

/// Waits for a run that was submitted before; while another process does, looks on. @throws as
/// carry_out; not_found.
void attach_to_run(const RunFlags& flags, RunSetup& setup, Context& context);

/// Takes back what no worker has begun of a run. @throws Error not_found, unreachable, timeout.
void cancel_run(const RunFlags& flags, RunSetup& setup, Context& context);

}  // namespace pecanctl::cli
