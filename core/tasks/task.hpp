// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/config/expand.hpp"
#include "core/config/schema.hpp"
#include "core/engine/data_access.hpp"

namespace pecanctl::tasks {

/// A program and its arguments; {words} in braces stand for what only a worker knows.
using Command = std::vector<std::string>;

/// How an input is cut.
enum class Cut : std::uint8_t {
  lines,
  bytes,   ///< whole records, as many as fit
  rows,    ///< of CSV; each chunk begins with the header
  files,   ///< a list of files
  matrix,  ///< rows of a CSV of all combinations of values
};

struct Input {
  Cut cut = Cut::lines;
  std::uint64_t each = 1;               ///< lines, bytes, rows or files of a chunk
  std::string file = {};                ///< of lines, bytes and rows
  std::vector<std::string> files = {};  ///< names, patterns and folders
  std::vector<std::pair<std::string, std::vector<std::string>>> matrix = {};
  std::string separator = "\n";  ///< ends a record of `bytes`
};

/// When two outputs count as the same.
struct Compare {
  Command command = {};  ///< exit status 0: the same, 1: not
  bool is_csv = false;   ///< cell by cell, within the tolerance
  double absolute = 0;
  double relative = 0;
};

/// What a job needs of its worker. 0: whatever there is.
struct Resources {
  std::uint64_t memory = 0;  ///< bytes
  double cpus = 0;
  int pids = 0;
};

/// task.yaml, understood.
struct Task {
  std::filesystem::path folder = {};  ///< where it and its program are
  std::string name = {};
  std::string model = {};  ///< whose workers run it; empty: the command line says
  std::string image = {};  ///< by digest; empty: that of the workers
  std::vector<engine::NewFile> program = {};
  Input input = {};
  Command map = {};
  Command check = {};  ///< empty: none
  Command reduce = {};
  Compare compare = {};
  Resources resources = {};
  std::chrono::seconds timeout{0};  ///< of each command; 0: none
  int retries = 1;
  int quorum = 1;
  int max_results = 4;  ///< of a chunk, when they disagree
};

/// The one description of task.yaml.
const config::Schema& task_schema();

/// Finds a file beside task.yaml; nothing when there is none.
using FindFile = std::function<std::optional<engine::NewFile>(const std::string& path)>;

/// Reads the text of a task file, which messages call `shown`. @throws Error invalid with every
/// mistake, by line and column.
Task parse_task(std::string_view text, const std::string& shown, const FindFile& find_file,
                const config::Lookup& lookup);

/// The same with its program. @throws Error not_found, denied; invalid.
Task load_task(const std::filesystem::path& path, const config::Lookup& lookup);

/// Which part of a task decides what comes out, as text: another text is another task. Retries,
/// timeout, resources and the limit of results are not in it: they may change between two tries.
std::string render_identity(const Task& task);

}  // namespace pecanctl::tasks
