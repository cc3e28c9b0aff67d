// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/deployment/apply.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::deployment {

/// What the parts of one apply work with. All of it outlives them.
struct Bench {
  engine::Identity identity = {};
  engine::Backend& backend;
  const WorkerProbe& probe;
  const ApplyOptions& options;
  Reporter& reporter;
  const Deadline& deadline;
  std::stop_token stop = {};

  /// How long one container may take to be ready.
  Deadline ready_deadline() const { return deadline.sooner(options.ready_timeout); }
};

}  // namespace pecanctl::deployment
