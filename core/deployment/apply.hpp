// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/deployment/plan.hpp"
#include "core/deployment/task.hpp"
#include "core/deployment/wait.hpp"
#include "core/engine/backend.hpp"
#include "core/engine/retire.hpp"

namespace pecanctl::deployment {

struct ApplyOptions {
  /// A service counts as up after being healthy this long without a break. Workers need no window:
  /// the broker knows them as consumers or does not.
  std::chrono::milliseconds stable_window{2000};
  std::chrono::milliseconds ready_timeout{std::chrono::minutes{5}};
  engine::RetirePolicy retire = {};
};

/// What is to be carried out, and with what.
struct Deployment {
  const Plan& plan;  ///< by plan_deploy
  const Desired& desired;
  std::span<const Task> tasks;
  const WorkerProbe& probe;
  ApplyOptions options = {};
  std::span<const engine::Replica> seen = {};  ///< what the plan was just made from, if it was
};

/// Executes a plan made by `plan_deploy`, in dependency order. A replaced replica that does not
/// come up is put back. Independent services go on when one fails; what depends on it does not
/// start. Returns how many actions and tasks changed something.
/// @throws Error partial when something changed and something failed (all failures listed); the
/// failure itself when nothing changed. Cancelled at the next safe point: nothing of ours stays
/// frozen or half-replaced.
int apply_deploy(const Deployment& deployment, engine::Backend& backend, Reporter& reporter,
                 const Deadline& deadline, std::stop_token stop);

/// Executes a plan made by `plan_destroy`: workers by the retire policy, then services, networks,
/// volumes. Goes on after a failure. @throws Error partial with what is left; timeout when busy
/// workers did not end.
int apply_destroy(const Plan& plan, const engine::Observation& observed, engine::Backend& backend,
                  const engine::RetirePolicy& policy, Reporter& reporter, const Deadline& deadline,
                  std::stop_token stop);

}  // namespace pecanctl::deployment
