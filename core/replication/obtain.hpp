// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/exchange/manifest.hpp"
#include "core/postgres/database.hpp"
#include "core/replication/fetch.hpp"
#include "core/replication/provenance.hpp"

namespace pecanctl::replication {

/// The public half of a site's key where sites are registered; empty when it is not known there.
/// Called on any thread; must not throw.
using FindKey = std::function<std::string(std::int64_t site)>;

/// What is known before a site's rows are fetched.
struct ObtainRequest {
  FetchOptions fetch = {};
  exchange::Pin pin = {};    ///< what the database remembers
  bool accepts_key = false;  ///< whatever key the site has now
  FindKey find_key = {};     ///< for a site of which nothing is remembered; may be empty
  std::optional<LastPull> last = {};
  SchemaVersion schema = {};  ///< of the database
  bool allows_drift = false;
  bool verifies = false;  ///< looks at all rows here even if the site has nothing new
};

/// Gets what is needed to make the peer's rows here what they are there: nothing when its manifest
/// says that they are; the pieces that differ; or the whole dump, when the site has no manifest,
/// no pieces, or they would not be less. With a manifest, the dump has to be the one it names.
/// @throws Error as fetch_dump, fetch_manifest and fetch_pieces; invalid: another schema, or rows
/// that are not the site's to publish; conflict: the site signed its dumps before, and does not
/// now. Cancelled.
Fetched obtain_dump(const postgres::Endpoint& endpoint, const Peer& peer,
                    const ObtainRequest& request, Reporter& reporter, const Deadline& deadline,
                    const std::stop_token& stop);

/// Whether the last pull leaves anything to do when the site still has the same dump.
bool is_settled(const LastPull& last, const std::string& sha256);

}  // namespace pecanctl::replication
