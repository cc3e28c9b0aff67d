// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/postgres/database.hpp"
#include "core/replication/checks.hpp"
#include "core/replication/peer.hpp"
#include "core/replication/provenance.hpp"
#include "core/replication/unpack.hpp"

namespace pecanctl::replication {

/// What holds for every peer of a sync.
struct ApplyOptions {
  Policy policy = Policy::quarantine;
  bool allows_drift = false;    ///< the schemas may differ, where columns can be matched by name
  bool accepts_shrink = false;  ///< a peer may lose a fifth of a table
  bool is_bootstrap = false;    ///< nothing that is here may change
  bool is_dry_run = false;      ///< all of it, and then back
  std::string tool = {};        ///< "pecanctl 1.2.0", for the record
};

/// A fetched dump of a peer.
struct Dump {
  Peer peer = {};
  std::filesystem::path path = {};  ///< of bety.tar.gz
  DumpOrigin origin = {};
  std::optional<PieceSet> pieces = {};  ///< instead of bety.tar.gz
  /// What to remember of the site's key when its rows are taken; with an empty key nothing, and
  /// what was remembered is forgotten.
  std::optional<exchange::Pin> pin = {};
};

/// What a pull did, or with a dry run would do.
struct Pull {
  PullRecord record = {};
  std::vector<HeldReason> held = {};
  std::vector<std::string> notes = {};  ///< differences of the schemas, what the role lacks
};

/// Waits for other syncs of this database until `wait` is over. The lock lives as long as the
/// session. @throws Error conflict
void lock_database(Session& session, std::chrono::milliseconds wait);

/// Whether that is why it failed.
bool is_locked(const Error& error);

/// Makes the peer's rows here what its dump says, in one transaction: all or nothing. The dump is
/// unpacked and verified before; nothing in it is run. Serialization failures and deadlocks are
/// tried again. When it stays unknown whether COMMIT happened, the record tells.
/// @throws Error invalid: the dump, or its schema; conflict: the shrink guard, a bootstrap over
/// existing rows; denied; unreachable. Cancelled. Each time the database is as before.
Pull apply_dump(const postgres::Endpoint& endpoint, const Dump& dump, const ApplyOptions& options,
                std::chrono::milliseconds lock_wait, Reporter& reporter, const Deadline& deadline,
                const std::stop_token& stop);

}  // namespace pecanctl::replication
