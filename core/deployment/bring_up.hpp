// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/deployment/bench.hpp"
#include "core/deployment/outcome.hpp"

namespace pecanctl::deployment {

/// An action on its way: the container it is about, once that exists.
struct Pending {
  const Action* action;
  const stack::Service* service;
  std::string id;

  Awaited awaited() const { return {.id = id, .name = action->name, .service = service}; }
};

/// Makes the containers of `services` that the plan wants, in one batch, and returns all of its
/// actions about them that end in a running one.
std::vector<Pending> create_missing(const std::set<std::string>& services,
                                    const Deployment& deployment, const Bench& bench,
                                    Outcome& outcome);

/// Starts (or thaws) the containers side by side. Returns those that have to prove themselves now.
/// A new one that could not even start is not left behind; failures are in `outcome`.
std::vector<Awaited> start(const std::vector<Pending>& items, const Bench& bench, Outcome& outcome);

/// Starts them and waits until they are ready. Returns those that came up; what became of all of
/// them is in `outcome`.
std::vector<const Pending*> bring_up(const std::vector<Pending>& items, const Bench& bench,
                                     Outcome& outcome);

}  // namespace pecanctl::deployment
