// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/workflow/run.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::workflow {

/// How looking on ended.
struct Watched {
  std::optional<HeldRun> run = {};  ///< nobody works on it any more: it is ours now
  RunState state = {};              ///< else: it is over
};

/// Takes the run `id`; while another process works on it, looks on, and tells what that one writes
/// into its journal: each job that ends from now on. @throws Error timeout, not_found, invalid;
/// Cancelled.
Watched watch_run(const RunStore& store, std::string_view id, Reporter& reporter,
                  const std::function<void(const JobResult&)>& on_result, const Deadline& deadline,
                  const std::stop_token& stop);

/// Takes back what no worker of the run `id` has begun: asks the process that works on it, and
/// waits for its answer. Nothing when nobody works on it: then its journal is the caller's, who
/// does it.
/// @throws as watch_run.
Watched cancel_run(const RunStore& store, std::string_view id, const Deadline& deadline,
                   const std::stop_token& stop);

}  // namespace pecanctl::workflow
