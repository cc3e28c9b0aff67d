// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/replication/checks.hpp"
#include "core/replication/write.hpp"

namespace pecanctl::replication {

/// What came of one table.
struct TableReport {
  std::string table = {};
  std::uint64_t rows = 0;  ///< of the peer, in its dump
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t removed = 0;
  std::uint64_t held = 0;
  std::uint64_t retained = 0;

  bool is_empty() const { return added + changed + removed + held + retained == 0; }
};

/// Where a dump is from.
struct DumpOrigin {
  std::string url = {};
  std::string etag = {};
  std::string sha256 = {};
  std::string schema_md5 = {};
  std::string dumped_at = {};
};

/// One pull of one peer: a row of `pecanctl.sync_log`.
struct PullRecord {
  std::string operation = {};  ///< a UUID
  std::int64_t site = 0;
  DumpOrigin origin = {};
  std::string tool = {};
  double seconds = 0;
  std::vector<TableReport> tables = {};  ///< those where something happened

  TableReport total() const;
};

/// Makes what we keep in the database: schema pecanctl with sync_log, quarantine
/// and site_keys. Tells whether
/// it is there; a role that may not make it goes without.
bool ensure_ledger(Session& session);
/// Into the open transaction.
void write_record(Session& session, const PullRecord& record);
/// Makes `pecanctl.quarantine` say of this site what `pecanctl_held` says: rows that were held
/// before and are not now leave it.
void write_quarantine(Session& session, std::int64_t site, const std::string& operation);
/// Whether that operation was committed.
bool has_record(Session& session, const std::string& operation);

/// The latest pull from a site.
struct LastPull {
  std::string sha256 = {};
  std::string dumped_at = {};
  std::string checked_at = {};  ///< RFC 3339: when the peer had nothing newer
  double age_seconds = 0;       ///< since then
  std::uint64_t held = 0;
  bool is_outdated = false;  ///< other sites brought rows since: what was held may have parents now
};

std::optional<LastPull> find_last_pull(Session& session, std::int64_t site);
/// The peer still has nothing newer.
void touch_last_pull(Session& session, std::int64_t site);

/// Rows in quarantine by reason, the most frequent first: "no row of traits (fk_1)  12000".
struct HeldReason {
  std::string table = {};
  std::string reason = {};
  std::uint64_t rows = 0;
};

std::vector<HeldReason> list_held(Session& session);

}  // namespace pecanctl::replication
