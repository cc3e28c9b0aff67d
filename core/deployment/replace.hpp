// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <vector>

#include "core/deployment/bench.hpp"
#include "core/deployment/bring_up.hpp"
#include "core/deployment/removal.hpp"

namespace pecanctl::deployment {

/// Puts `fresh` (made, not started) in the place of `old`, for services of which two cannot run at
/// once: stops the old one, starts the new one, waits until that is ready, removes the old one.
/// When the new one does not come up, or the work is interrupted, it is removed and the old one
/// runs again. Returns why it did not come up.
std::optional<Error> replace_stop_first(const Awaited& fresh, const engine::Replica& old,
                                        const Bench& bench);

/// Puts `items` (made, not started) in the place of what they replace: the first of each service
/// proves itself before the others, those of all services together. One that does not come up is
/// removed and the old one stays, or runs again. What became of them is in `outcome`.
void replace_all(const std::vector<Pending>& items, const Bench& bench, Outcome& outcome);

/// Carries `removal` out; what could not go is in `outcome`.
void remove(const Removal& removal, const Bench& bench, Outcome& outcome);

}  // namespace pecanctl::deployment
