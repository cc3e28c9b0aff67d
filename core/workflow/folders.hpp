// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/workflow/job.hpp"

namespace pecanctl::workflow {

/// The path below /data that `text` means: "/data/x", "x", or a path below one of `host_folders`,
/// which are /data on this machine. Nothing when it lies outside, or is /data itself.
std::optional<std::string> translate_folder(std::string_view text,
                                            std::span<const std::string> host_folders);

/// A folder to run, as it is found.
struct Candidate {
  std::string folder = {};
  std::uint64_t key = 0;
  bool is_ok = false;                             ///< its outcome says so
  std::optional<engine::FileStamp> outcome = {};  ///< of its outcome file, whole or not
};

/// The run folders that `texts` name, in their order, each once: translated, `*` expanded, and
/// every one with a job.sh. @throws Error invalid with all that are wrong.
std::vector<Candidate> find_candidates(engine::DataAccess& data, std::span<const std::string> texts,
                                       std::span<const std::string> host_folders,
                                       std::string_view queue, const Deadline& deadline,
                                       std::stop_token stop);

/// A job of another run.
struct KnownJob {
  Job job = {};
  bool is_live = false;  ///< a process works on that run
};

struct JobPlan {
  std::vector<Job> jobs = {};
  int already_done = 0;
  int failed_before = 0;
  int attached = 0;  ///< of `jobs`: under way already
};

/// What is known of other runs.
struct KnownJobs {
  std::map<std::string, KnownJob> by_folder = {};  ///< not over
  std::set<std::uint64_t> failed = {};             ///< keys of jobs to leave out
};

/// Who runs what: what is OK is left out unless `runs_again`, and what failed before; what another
/// run has under way is not sent again. Pure.
JobPlan plan_jobs(std::span<const Candidate> candidates, const KnownJobs& known, bool runs_again,
                  std::uint32_t nonce);

}  // namespace pecanctl::workflow
