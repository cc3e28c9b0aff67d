// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"
#include "core/workflow/journal.hpp"
#include "core/workflow/record.hpp"

namespace pecanctl::workflow {

/// A run that this process works on.
struct HeldRun {
  Journal journal;
  RunState state = {};
  std::vector<Record> unwritten = {};  ///< without them the journal tells less, and nothing wrong

  /// Writes `unwritten`.
  void flush()
  {
    journal.append(unwritten);
    unwritten.clear();
  }
};

/// The journals of an instance's runs: `<id>.jsonl` while a run goes on, `done/<id>.jsonl` of the
/// last hundred.
class RunStore {
 public:
  /// Makes the folder. @throws Error.
  explicit RunStore(std::filesystem::path folder);
  /// What is there, for reading only; nothing when no run was ever begun.
  static std::optional<RunStore> find(std::filesystem::path folder);

  /// Held while it is decided which run submits a folder, so that two commands never both do.
  /// @throws Error timeout.
  Fd lock(const Deadline& deadline, const std::stop_token& stop) const;

  /// Runs that are not over, oldest first.
  std::vector<std::string> list_open() const;
  /// The last runs that are over, oldest first.
  std::vector<std::string> list_done() const;
  /// The process that works on a run, where that can be told. Source: proc(5), /proc/locks.
  std::optional<int> find_holder(std::string_view id) const;
  /// Asks whoever works on the run to take back what no worker has begun.
  void ask_to_cancel(std::string_view id) const;
  /// Takes a run; nothing when another process has it. @throws Error not_found (with the nearest
  /// id), invalid.
  std::optional<HeldRun> open(std::string_view id) const;
  /// The state of a run that another process has, or that is over. @throws Error not_found,
  /// invalid.
  RunState read(std::string_view id) const;
  /// Begins a run with `jobs` (adopted ones in their state); its list is on disk when this returns.
  HeldRun create(RunInfo info, std::vector<Job> jobs) const;
  /// Ends a run whose jobs are all over.
  void finish(HeldRun& run) const;

  /// The journal of a run under way.
  std::filesystem::path path_of(std::string_view id) const;

 private:
  struct AsItIs {};

  RunStore(std::filesystem::path folder, AsItIs /*tag*/) : folder_{std::move(folder)} {}

  std::filesystem::path folder_;
};

/// The file that asks the process which has `journal` to take back what no worker has begun. It
/// removes the file when that is done.
std::filesystem::path cancel_request_path(std::filesystem::path journal);

/// "20261120-083901-3fa9": sorts by time. `nonce` makes it unique.
std::string make_run_id(std::chrono::system_clock::time_point now, std::uint32_t nonce);

}  // namespace pecanctl::workflow
