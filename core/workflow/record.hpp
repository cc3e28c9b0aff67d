// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/data_access.hpp"
#include "core/workflow/job.hpp"

namespace pecanctl::workflow {

/// What a run is about.
struct RunInfo {
  std::string id = {};
  std::string model = {};  ///< as pecan.yml calls it, or the queue's name
  std::string queue = {};
  std::uint32_t jobs = 0;
  int retries = 0;
  int already_done = 0;   ///< folders that were OK when it began
  int failed_before = 0;  ///< folders left out because they had ended in ERROR
  std::string at = {};    ///< RFC 3339
  std::string task = {};  ///< what it is a part of, "wordcount map"; empty: nothing
  RunPolicy policy = {};
};

/// One line of a journal: what happened.
struct Record {
  enum class Kind {
    run,  ///< first line; then one `job` a folder
    job,
    published,  ///< is about to be sent
    confirmed,  ///< the broker has it on disk
    withdrawn,  ///< it is certainly not with the broker
    done,       ///< an outcome was seen
    retry,      ///< the next attempt begins
    lost,       ///< no worker answered; ends the job
    timeout,    ///< it took longer than it may; ends the job
    moved,      ///< another run took it over
    cancelled,  ///< never sent, or taken back; ends the job
    end,        ///< all jobs are over
  };
  Kind kind = Kind::end;
  std::uint32_t job = 0;
  RunInfo run = {};                             ///< run
  std::string folder = {};                      ///< job
  std::uint64_t key = 0;                        ///< job
  std::uint32_t nonce = 0;                      ///< published
  std::uint16_t attempt = 1;                    ///< published, retry
  bool is_ok = false;                           ///< done
  std::optional<engine::FileStamp> stale = {};  ///< published
};

/// A JSON object and a newline.
std::string render_record(const Record& record);
/// @throws Error invalid.
Record parse_record(std::string_view line);

/// A run as its journal tells it.
struct RunState {
  RunInfo info = {};
  std::vector<Job> jobs = {};
  bool is_ended = false;

  /// Whether the list of jobs is whole; before that nothing was published.
  bool is_begun() const { return !info.id.empty() && jobs.size() == info.jobs; }

  bool is_over() const;
  /// @throws Error invalid when `record` cannot follow what was before.
  void apply(const Record& record);
};

}  // namespace pecanctl::workflow
