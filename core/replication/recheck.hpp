// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/base/error.hpp"
#include "core/postgres/database.hpp"
#include "core/replication/stage.hpp"

namespace pecanctl::replication {

/// Looks, on a connection of its own, for rows that were committed here after the open transaction
/// began and refer to rows that it has removed: with triggers off nobody else does. Rows that come
/// later meet the lock of the removed row, and fail when this transaction commits. Locks nothing.
/// @throws Error conflict: there is one. Try again: the next look at the rows here includes it.
void refuse_late_children(const postgres::Endpoint& endpoint, Session& session,
                          const Catalogue& catalogue, const Stage& stage);

/// Whether that is why it failed.
bool is_late_child(const Error& error);

}  // namespace pecanctl::replication
