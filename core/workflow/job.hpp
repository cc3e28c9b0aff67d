// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/data_access.hpp"
#include "core/workflow/policy.hpp"

namespace pecanctl::workflow {

enum class JobState : std::uint8_t {
  waiting,  ///< not with the broker
  sent,     ///< maybe with the broker: no confirmation is known
  queued,   ///< confirmed: in the queue, or with a worker
  ok,
  error,
  moved,      ///< another run has taken it over
  cancelled,  ///< never sent, or taken back before a worker began
};

/// One run folder to be worked on. Small: there may be 100 000.
struct Job {
  std::string folder = {};                      ///< below /data, no slash at either end
  std::uint64_t key = 0;                        ///< what it is: queue, folder, contents of job.sh
  std::optional<engine::FileStamp> stale = {};  ///< an older outcome that could not be removed
  std::chrono::steady_clock::time_point sent_at = {};
  /// When a worker had surely taken it; the epoch while that is not known.
  std::chrono::steady_clock::time_point started_at = {};
  std::uint32_t nonce = 0;  ///< of the run that first sent it
  std::uint16_t attempt = 1;
  JobState state = JobState::waiting;
  bool had_no_outcome = false;  ///< when its run began; false: not known
  bool is_watched = false;      ///< another pecanctl submits it: we look on only
};

/// Under way: sent, and without an outcome.
inline bool is_under_way(const Job& job)
{
  return job.state == JobState::sent || job.state == JobState::queued;
}

inline bool is_over(const Job& job)
{
  return job.state == JobState::ok || job.state == JobState::error ||
         job.state == JobState::moved || job.state == JobState::cancelled;
}

/// How they stand.
RunTotals count_ends(const std::vector<Job>& jobs);

/// What identifies a job, whoever submits it and how often.
std::uint64_t job_key(std::string_view queue, std::string_view folder, std::string_view script);

/// "<key>-<attempt>-<nonce>": the same attempt sent twice has the same id, and pecan-worker runs it
/// once.
std::string message_id(const Job& job);

/// The path that workers see, who have the data at `mount`.
std::string data_path(std::string_view folder, std::string_view mount = "/data");

/// What the model's worker reads: {"folder": "/data/…"}, as PEcAn writes it.
std::string message_body(const Job& job, std::string_view mount = "/data");

std::string outcome_path(const Job& job);

/// 16 hexadecimal digits, and back. @throws Error invalid.
std::string render_key(std::uint64_t key);
std::uint64_t parse_key(std::string_view text);

}  // namespace pecanctl::workflow
