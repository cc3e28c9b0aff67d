// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "core/inspection/doctor.hpp"

namespace pecanctl::inspection::checks {

/// Whether a service of an instance runs on this machine.
struct Presence {
  bool is_deployed = false;  ///< the instance has containers
  std::string reason = {};   ///< why the service cannot be asked; empty: it runs
  std::string id = {};       ///< its first running container
};

Presence find_presence(const Subject& subject, const engine::Identity& identity,
                       const std::string& service, const Deadline& deadline,
                       const std::stop_token& stop);

/// The finding that a service cannot be asked: skipped when nothing of the instance is deployed,
/// else failed. Nothing when it runs, or is to run elsewhere.
std::optional<Finding> skip_unless_present(const Subject& subject, const std::string& service,
                                           const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::inspection::checks
