// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/postgres/database.hpp"
#include "core/registration/site.hpp"

/// The half of a registration that is in BETY. All in the caller's transaction. Source: BETY's
/// structure.sql and load.bety.sh.
namespace pecanctl::registration {

/// @throws Error not_found when the database has no table `machines` yet.
void require_tables(postgres::Transaction& transaction);

/// The rows of `host` and of every site.
std::vector<MachineRow> list_machines(postgres::Transaction& transaction, const std::string& host);

/// Every sequence behind a column `id` of schema public, from the catalogue of the database.
std::vector<SequenceState> list_sequences(postgres::Transaction& transaction);

/// Fills `highest`: the highest id of `range` in each sequence's table.
void look_at_range(postgres::Transaction& transaction, const IdRange& range,
                   std::vector<SequenceState>& sequences);

/// Rows with ids of `site` by table, tables without any left out. The row of `host` in `machines`
/// does not count.
std::map<std::string, std::int64_t> count_rows(postgres::Transaction& transaction, SiteId site,
                                               const std::string& host,
                                               const std::vector<SequenceState>& sequences);

/// Whose range the ids that this database gives out are in: PEcAn reads it off the sequences, of
/// `users` first.
std::optional<SiteId> find_numbered(const std::vector<SequenceState>& sequences);

/// Writes what `plan` changes here. Tables whose sequences move are locked against writers, so that
/// no row appears with an id of the old range meanwhile. Sequences move with the transaction, also
/// back (PostgreSQL 10 and newer).
void write_site(postgres::Transaction& transaction, const SitePlan& plan);

}  // namespace pecanctl::registration
