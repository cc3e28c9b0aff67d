// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::engine {

/// How long removing workers may wait for the jobs they run.
struct RetirePolicy {
  bool cut_off = false;  ///< --now: end running jobs; the broker hands them to another worker
  Deadline drain = Deadline::never();  ///< until then busy workers are waited for
};

struct Retired {
  std::vector<std::string> removed;  ///< ids
  std::vector<std::string> busy;     ///< ids still working when the time was over
};

/// Removes `count` of `workers`, idle ones first, and never one that works on a job unless the
/// policy says so.
///
/// Stock workers ignore SIGTERM, so they are frozen, looked at, and killed while frozen when
/// nothing but the worker itself runs in them; a busy one is thawed at once. The broker hands a
/// message that reached a frozen worker to another. Ours get SIGTERM, finish and leave. A freeze
/// stays far below the broker's heartbeat.
/// @throws Cancelled at once; nobody stays frozen.
Retired retire(std::span<const Replica> workers, std::size_t count, const RetirePolicy& policy,
               Backend& backend, Reporter& reporter, std::stop_token stop);

}  // namespace pecanctl::engine
