// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/consul/consul.hpp"

namespace pecanctl::registration {

/// What the sites and machines on one Consul share: read by anybody, written by whoever holds an
/// instance. `commit` tells whether the operations happened; it throws Error conflict when the
/// instance is not held any more (fencing).
struct Ledger {
  using Commit =
      std::function<bool(std::vector<consul::Operation>, const Deadline&, const std::stop_token&)>;

  consul::Client& client;
  Commit commit = {};  ///< empty: for looking only
};

}  // namespace pecanctl::registration
