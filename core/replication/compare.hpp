// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "core/base/report.hpp"
#include "core/postgres/database.hpp"
#include "core/replication/catalogue.hpp"
#include "core/replication/peer.hpp"
#include "core/replication/session.hpp"
#include "core/replication/stage.hpp"
#include "core/replication/unpack.hpp"

namespace pecanctl::replication {

/// What a dump is held against, and where.
struct Comparison {
  const postgres::Endpoint& endpoint;
  const Catalogue& catalogue;
  const Unpacked& unpacked;
  const Peer& peer;
  std::uint64_t seed;  ///< of the hashes
  Reporter& reporter;
};

/// Begins a transaction that writes values as the dump does. With the name of a snapshot it sees
/// what that one sees, and writes nothing. @throws Error as postgres::Database.
void begin_transaction(Session& session, const Unpacked& unpacked, const std::string& snapshot);

/// How each table of the dump differs from the site's rows here, as the transaction of `session`
/// sees them. A large dump is compared over a second session beside it, where the server has place
/// for one. @throws Error invalid: the dump; or as postgres::Database. Cancelled.
Stage compare_dump(Session& session, const Comparison& comparison);

}  // namespace pecanctl::replication
