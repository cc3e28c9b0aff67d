// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/data_access.hpp"
#include "core/tasks/task.hpp"

/// Where the parts of a task are, below its folder in /data:
///
///   task/                what workers need: harness.sh, commands.sh, program/
///   map/00017/chunk      the manifest of a chunk's input, and `input` itself
///   map/00017/r1/        a job's folder (slot): job.sh; of its worker: output, log, manifest
///   map/00017/old-…-r1/  a slot whose job failed, as it was
///   compare/…, reduce/…  the same; their `chunk` names outputs of the map
namespace pecanctl::tasks {

/// What workers run in a slot, and how.
struct JobRule {
  std::string_view stage = "map";  ///< or "reduce", "compare"
  int quorum = 1;
  std::chrono::seconds timeout{0};
};

/// "00017".
std::string chunk_name(std::size_t number);
/// "<root>/map/00017".
std::string unit_path(std::string_view root, std::string_view stage, std::string_view unit);
/// "<unit>/r1"; `slot` counts from 0.
std::string slot_path(std::string_view unit, std::size_t slot);

/// The job.sh of a slot whose input's manifest has the SHA-256 `digest`.
engine::NewFile make_job(const JobRule& rule, std::string_view digest);

/// The commands of `task` as functions of a POSIX shell, every word quoted.
std::string render_commands(const Task& task);

}  // namespace pecanctl::tasks
