// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/tasks/layout.hpp"
#include "core/tasks/manifest.hpp"
#include "core/tasks/verdict.hpp"

namespace pecanctl::tasks {

/// What one or more workers are to do: a chunk to map, two outputs to compare, or the reduction.
struct Unit {
  std::string name = {};                    ///< of its folder: "00017"
  std::string digest = {};                  ///< SHA-256 of its `chunk`, the manifest of its input
  std::uint64_t size = 0;                   ///< bytes of its input
  std::vector<engine::NewFile> files = {};  ///< what has to be made; a chunk is there already
};

struct BoardOptions {
  std::string root = {};  ///< the task's folder in /data
  JobRule job = {};
  int max_results = 1;
  int retries = 0;
  bool is_exact = true;  ///< outputs are the same when their SHA-256 is; else `set_same` tells
};

/// A result of a worker that failed, or does not hold.
struct Failure {
  std::string folder = {};  ///< of the slot
  std::string reason = {};
  std::optional<Report> report = {};
};

/// Two outputs to be compared.
struct Pair {
  std::string left = {};  ///< paths in /data
  std::string right = {};
  ListedFile left_file = {};
  ListedFile right_file = {};
};

/// How a stage stands.
struct Standing {
  std::size_t verified = 0;
  std::size_t results = 0;   ///< valid ones
  std::size_t outvoted = 0;  ///< valid ones that are not as the accepted one
  std::size_t declined = 0;  ///< jobs that came to a worker which had given its result
  std::size_t slots = 0;     ///< to be run
  std::size_t workers = 0;   ///< so many different ones are needed for some unit
  std::vector<std::pair<std::size_t, std::string>> failed = {};  ///< unit, why
  std::vector<Pair> pairs = {};
};

/// Keeps account of a stage: which results there are, which hold, what follows. What it knows is in
/// /data; made anew it knows the same, but for how often jobs failed.
class Board {
 public:
  Board(engine::DataAccess& data, BoardOptions options, std::vector<Unit> units);

  /// Reads what workers have left since the last time, and checks each output against its
  /// manifest. `words`: by slot folder, what is known of jobs that left no manifest.
  void refresh(const std::map<std::string, std::string>& words, const Deadline& deadline,
               const std::stop_token& stop);
  /// Forgets which outputs held: the next `refresh` reads them again.
  void distrust();

  /// What follows from what is known.
  Standing judge() const;
  /// Makes the slots that are to be run, and returns their folders.
  std::vector<std::string> prepare(const Deadline& deadline, const std::stop_token& stop);
  /// The folders that `prepare` would make ready. Changes nothing.
  std::vector<std::string> list_open() const;

  /// Tells whether the outputs with these SHA-256 are the same.
  void set_same(const std::string& left, const std::string& right, bool is_same);

  const std::vector<Unit>& units() const { return units_; }

  std::string folder_of(std::size_t unit) const;
  /// The output that counts, of a verified unit with one file.
  ListedFile accepted(std::size_t unit) const;
  /// Folder of the slot that counts. Of a verified unit.
  std::string accepted_slot(std::size_t unit) const;

  /// What the only job of a verified unit without output ended with: 0 or 1.
  int exit_of(std::size_t unit) const;

  /// The results that failed since this object was made, the last one of each slot.
  const std::map<std::pair<std::size_t, std::size_t>, Failure>& failures() const
  {
    return failures_;
  }

 private:
  enum class SlotState : std::uint8_t {
    empty,     // made, and no manifest
    declined,  // to be sent again as it is
    failed,    // to be set aside and made anew
    valid,
  };

  struct Slot {
    SlotState state = SlotState::empty;
    bool is_sent = false;  // by this object
    std::uint8_t failures = 0;
    std::uint32_t worker = 0;
    std::uint64_t size = 0;
    std::string digest = {};  // of the output
  };

  struct Found {
    std::size_t unit = 0;
    std::size_t slot = 0;
    Report report = {};
  };

  void find_slots(const Deadline& deadline, const std::stop_token& stop);
  void read_slots(std::span<const std::pair<std::size_t, std::size_t>> slots,
                  const std::map<std::string, std::string>& words, const Deadline& deadline,
                  const std::stop_token& stop);
  void check_outputs(std::vector<Found> found, const Deadline& deadline,
                     const std::stop_token& stop);
  void take(const Found& found);
  void fail(std::size_t unit, std::size_t slot, std::string reason, std::optional<Report> report);
  Verdict judge_unit(std::size_t unit) const;
  std::string slot_of(std::size_t unit, std::size_t slot) const;
  std::optional<bool> is_same(const Slot& left, const Slot& right) const;
  bool has_other_vote(std::size_t unit, std::size_t slot, std::uint32_t worker) const;
  void set_aside(const std::string& folder, const Deadline& deadline, const std::stop_token& stop);
  engine::NewFolder make_slot(std::size_t unit, std::size_t slot) const;
  std::uint32_t number_of(const std::string& worker);

  engine::DataAccess& data_;
  BoardOptions options_;
  std::vector<Unit> units_;
  std::vector<std::vector<Slot>> slots_;  // by unit
  std::map<std::string, std::uint32_t> workers_;
  std::map<std::pair<std::string, std::string>, bool> same_;
  std::map<std::pair<std::size_t, std::size_t>, Failure> failures_;
  bool is_found_ = false;
  std::size_t declined_ = 0;
};

/// What a worker wrote about the job in the folder `slot`; nothing when that is not whole.
std::optional<Report> find_report(engine::DataAccess& data, const std::string& slot,
                                  const Deadline& deadline, std::stop_token stop);

}  // namespace pecanctl::tasks
