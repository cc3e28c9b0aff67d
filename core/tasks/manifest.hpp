// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::tasks {

/// A file of a manifest.
struct ListedFile {
  std::uint64_t size = 0;
  std::string sha256 = {};
  std::string name = {};  ///< relative to the folder that the manifest is about
};

/// "file SIZE SHA256 NAME\n" for each: what a unit's `chunk` says of its input.
std::string render_list(std::span<const ListedFile> files);

/// What a worker wrote about a job: the file `manifest` in its folder, the last one to appear.
struct Report {
  enum class State : std::uint8_t {
    ok,
    failed,
    declined,  ///< this worker has given a result of the same chunk already
  };
  State state = State::failed;
  std::string step = {};  ///< what it did last: input, map, check, output, reduce, compare, worker
  std::string worker = {};
  int exit = 0;
  int signal = 0;
  bool is_out_of_memory = false;  ///< the kernel killed a process of its container meanwhile
  bool is_late = false;           ///< it took longer than the task's timeout
  std::int64_t seconds = 0;
  std::vector<ListedFile> files = {};  ///< of the output
};

/// Nothing when `text` is not whole, or not of our making.
std::optional<Report> parse_report(std::string_view text);

/// "exit 3", "signal 9, out of memory", "took longer than it may"; for a step of ours what was
/// wrong.
std::string describe_end(const Report& report);

}  // namespace pecanctl::tasks
