// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/run_flags.hpp"
#include "cli/run_setup.hpp"

namespace pecanctl::cli {

class Context;

/// `run --task`: cuts the input, maps the chunks, and reduces once when all of them are verified.
/// What is done already is not done again. @throws Error invalid (task file, input), conflict
/// (image; another pecanctl runs it), failed (too few workers), workload, timeout, unreachable;
/// Cancelled.
void run_task(const RunFlags& flags, RunSetup& setup, Context& context);

}  // namespace pecanctl::cli
