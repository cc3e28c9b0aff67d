// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"

namespace pecanctl::deployment {

/// A step of a deploy that is no container: it has a test of its own and is skipped when that says
/// it is done.
struct Task {
  std::string id = {};     ///< "queue DALEC_1.0"
  std::string after = {};  ///< the service that has to be ready first
  std::function<bool(const Deadline&, std::stop_token)> is_done = {};
  std::function<void(const Deadline&, std::stop_token)> perform = {};  ///< may be repeated
};

}  // namespace pecanctl::deployment
