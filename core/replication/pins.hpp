// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "core/exchange/manifest.hpp"
#include "core/replication/session.hpp"

/// What is remembered of the keys of other sites: `pecanctl.site_keys`, in the database whose rows
/// they vouch for, so that it is restored and moved together with them.
namespace pecanctl::replication {

/// With an empty key when nothing is remembered of the site.
exchange::Pin find_pin(Session& session, std::int64_t site);

/// Remembers it; forgets the site when the key is empty. The ledger is there (ensure_ledger).
void write_pin(Session& session, const exchange::Pin& pin);

}  // namespace pecanctl::replication
