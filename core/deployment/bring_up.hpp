// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

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

/// Starts (or thaws) the containers side by side and waits until they are ready. Returns those
/// that came up; what became of all of them is in `outcome`. A new one that could not even start is
/// not left behind.
std::vector<const Pending*> bring_up(const std::vector<Pending>& items, const Bench& bench,
                                     Outcome& outcome);

/// Waits until `awaited`, which run already, are ready; failures go to `outcome`.
void await_kept(const std::vector<Awaited>& awaited, const Bench& bench, Outcome& outcome);

}  // namespace pecanctl::deployment
