// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/agent_health.hpp"
#include "core/base/report.hpp"

namespace pecanctl::cli {

class Context;

/// Something that is done for one instance again and again. Made anew after a failure, and when its
/// pecan.yml changed; lives no longer than its context.
class Duty {
 public:
  virtual ~Duty() = default;
  /// One pass; returns whether it changed anything. @throws Error what hindered it; Cancelled.
  virtual bool pass() = 0;
};

/// What a duty works with.
struct DutyBench {
  Context& context;
  Health& health;
  Reporter& reporter;  ///< its notes are told as the instance's
};

struct DutyKind {
  std::string name = {};
  std::chrono::milliseconds interval{1000};  ///< between passes
  int idle_share = 0;  ///< a pass that only looked is followed by so many times as long a rest
  std::function<std::unique_ptr<Duty>(const DutyBench&)> make = {};
};

struct AgentOptions {
  std::vector<std::string> instances = {};  ///< names or folders; empty: the one of the context
  std::set<std::string> duties = {};        ///< empty: all
  std::string listen = "127.0.0.1:0";
  std::chrono::milliseconds interval{1000};
};

/// Names of all duties.
std::vector<std::string> duty_names();

/// Serves until a stop is requested; failures are told, and tried again. @throws Error usage,
/// conflict before it serves; Cancelled at the end.
void run_agent(const AgentOptions& options, Context& context);

}  // namespace pecanctl::cli
