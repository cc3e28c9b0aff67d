// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/deployment/apply.hpp"
#include "core/deployment/plan.hpp"
#include "core/deployment/task.hpp"
#include "core/engine/retire.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::cli {

class Context;

/// What a command wants of a stack, beyond the stack itself.
struct ConvergeRequest {
  std::set<std::string> only = {};           ///< services to act on; empty: all
  std::map<std::string, int> replicas = {};  ///< counts that beat the stack's
  bool replaces_outdated = true;
  engine::RetirePolicy retire = {};
};

/// A plan, and what it was made from.
struct Planned {
  deployment::Desired desired = {};
  engine::Observation observed = {};
  deployment::Plan plan = {};
  std::map<std::string, Error> missing = {};  ///< optional services without an image, and why
};

/// A file of the operator's that would be written.
struct FileChange {
  std::string path = {};
  std::string service = {};
  std::string reason = {};
  std::vector<std::string> lines = {};  ///< "- old", "+ new"; none: it is as wanted
};

/// Looks at what runs and plans. Changes nothing: an image that is not here stays so.
Planned plan_for(Context& context, const stack::Stack& stack, const ConvergeRequest& request);

/// Makes the images of the services in question present, plans, and refuses names that belong to
/// somebody else. Changes nothing that runs.
Planned prepare(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                const Deadline& deadline);

/// Prepares, then applies. Returns the plan; `changes` is how many actions and tasks changed
/// something.
struct Converged {
  Planned planned = {};
  int changes = 0;
};

Converged converge(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                   std::span<const deployment::Task> tasks, const deployment::WorkerProbe& probe,
                   const Deadline& deadline);

/// Makes this machine's own services (Consul) run, under their own lock. Nothing when pecan.yml
/// names another Consul. Before it starts one it prepares `request`, so that a deploy that cannot
/// work changes nothing.
void ensure_machine_services(Context& context, const ConvergeRequest& request,
                             const Deadline& deadline);

/// What that would do, for a look.
deployment::Plan plan_machine_services(Context& context);

/// Prints it: one line an action, with its reason; with --json one `plan` record. First
/// what it means for `machine`, this machine's own services, and for `files`. Nothing is changed.
/// @throws Error finding with --check, when there is a difference; `finding` says which.
void print_plan(Context& context, const deployment::Plan& plan, const deployment::Plan& machine,
                const std::string& finding, const std::vector<FileChange>& files = {});

}  // namespace pecanctl::cli
