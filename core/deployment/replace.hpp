// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "core/deployment/bench.hpp"

namespace pecanctl::deployment {

/// Puts `fresh` (made, not started) in the place of `old`, for services of which two cannot run at
/// once: stops the old one, starts the new one, waits until that is ready, removes the old one.
/// When the new one does not come up, or the work is interrupted, it is removed and the old one
/// runs again. Returns why it did not come up.
std::optional<Error> replace_stop_first(const Awaited& fresh, const engine::Replica& old,
                                        const Bench& bench);

}  // namespace pecanctl::deployment
