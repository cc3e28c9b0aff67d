// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/replication/stage.hpp"

namespace pecanctl::replication {

/// Keeps the rows that staged rows refer to until the open transaction ends, as PostgreSQL's own
/// triggers would: who wants to remove one meanwhile waits, and then meets its new child. Whoever
/// adds children, or changes anything but a key, does not wait. Rows that the transaction itself
/// brings need no lock. For Power::replica, before anything is written.
/// @throws Error failed with SQLSTATE 40001: one was removed since the transaction began. Try
/// again.
void lock_parents(Session& session, const Stage& stage, const IdBlock& block);

}  // namespace pecanctl::replication
