// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/workflow/folders.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::workflow {

/// What was decided about the folders of a command.
struct Begun {
  std::optional<HeldRun> run = {};  ///< nothing: all are done already
  int already_done = 0;
  int failed_before = 0;  ///< left out: they ended in ERROR the last time
  int attached = 0;       ///< jobs that another run had sent
};

struct BeginOptions {
  bool runs_again = false;    ///< also what is OK
  bool skips_failed = false;  ///< not what a run of before has seen fail, as long as its job.sh is
                              ///< the same
  std::uint32_t nonce = 0;    ///< random
};

/// Begins the run `info` for `candidates`. What an interrupted or detached run of the same queue
/// has under way moves to this one; what a live one has is only watched. Hold the store's lock.
/// @throws Error invalid (a damaged journal).
Begun begin_run(const RunStore& store, RunInfo info, std::span<const Candidate> candidates,
                const BeginOptions& options);

/// What `begin_run` would decide now. Changes nothing, and waits for nobody. @throws Error invalid.
JobPlan plan_run(const std::optional<RunStore>& store, std::string_view queue,
                 std::span<const Candidate> candidates, const BeginOptions& options);

/// Folders, below /data, of jobs that a run has sent, and that have no outcome yet. @throws Error
/// invalid.
std::set<std::string> folders_under_way(const std::optional<RunStore>& store);

/// The id of the run that `id` means: the latest one under way when it is empty. @throws Error
/// not_found.
std::string find_run(const RunStore& store, std::string_view id);

}  // namespace pecanctl::workflow
