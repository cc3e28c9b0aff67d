// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/report.hpp"
#include "core/replication/apply.hpp"
#include "core/replication/fetch.hpp"
#include "core/replication/obtain.hpp"
#include "core/replication/peer.hpp"

/// Pulling other sites' rows of BETY. Source of all formats: PEcAn's bety/script.
namespace pecanctl::replication {

struct SyncRequest {
  ApplyOptions apply = {};
  PeerWish peers = {};
  std::filesystem::path folder = {};  ///< of this database's fetched dumps and logs
  std::filesystem::path log = {};     ///< a sync.log that is added to when it exists; empty: none
  std::chrono::milliseconds lock_wait{0};
  std::chrono::seconds patience{30};
  /// A dump that was made longer ago than this is worth a warning.
  std::chrono::hours stale{24 * 7};
  FindKey find_key = {};     ///< of sites whose key was not seen before; may be empty
  bool accepts_key = false;  ///< trusts whatever keys the sites have now
  bool verifies = false;     ///< compares all rows of a peer that has nothing new, too
};

/// What became of one peer.
struct PeerOutcome {
  std::int64_t site = 0;
  std::string url = {};           ///< without a password
  bool is_unchanged = false;      ///< nothing new there since the last pull
  std::optional<Pull> pull = {};  ///< nothing when unchanged or failed
  std::optional<Error> error = {};
  std::uint64_t bytes = 0;   ///< fetched
  std::uint64_t pieces = 0;  ///< of the dump, when not the whole was fetched
  std::chrono::milliseconds elapsed{0};
};

/// How old the rows of a peer are here.
struct PeerAge {
  std::int64_t site = 0;
  std::string url = {};
  std::optional<LastPull> last = {};  ///< nothing: never pulled
};

/// The peers that `wish` means in this database. Writes nothing.
/// @throws Error as choose_peers; unreachable, denied.
std::vector<Peer> list_peers(const postgres::Endpoint& endpoint, const PeerWish& wish,
                             const Deadline& deadline, const std::stop_token& stop);

/// The peers that `wish` means in this database, and when each was pulled. Writes nothing.
/// @throws Error as choose_peers; unreachable, denied.
std::vector<PeerAge> list_peer_ages(const postgres::Endpoint& endpoint, const PeerWish& wish,
                                    const Deadline& deadline, const std::stop_token& stop);

/// Fetches the dumps of all peers that are meant, then takes one after the other. A peer that fails
/// stops no other. Peers whose rows were held back are taken once more when others brought rows
/// since. `on_outcome` hears of each peer when it is final, in order.
/// @throws Error as choose_peers; conflict: another sync works on this database, or this database
/// gives out the ids of a peer. Cancelled. Not for what is one peer's: that is in its outcome.
std::vector<PeerOutcome> sync(const postgres::Endpoint& endpoint, const SyncRequest& request,
                              Reporter& reporter, const Deadline& deadline,
                              const std::stop_token& stop);

}  // namespace pecanctl::replication
