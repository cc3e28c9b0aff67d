// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/exchange/manifest.hpp"
#include "core/replication/catalogue.hpp"
#include "core/replication/dump_schema.hpp"
#include "core/replication/peer.hpp"

/// What this database has of a site's rows, told as the site's manifest tells it, so that only the
/// buckets that differ have to be fetched.
namespace pecanctl::replication {

/// A bucket of rows here.
struct LocalBucket {
  std::int64_t number = 0;
  std::uint64_t rows = 0;
  std::string hash = {};  ///< exchange::piece_hash of their text
};

/// Where a table differs from what its site publishes.
struct TableScope {
  std::vector<std::int64_t> buckets = {};    ///< that differ, in order; those only here, too
  std::vector<exchange::Piece> pieces = {};  ///< of these buckets, where the site has any, in order
  std::uint64_t equal_rows = 0;              ///< in all other buckets: here as there
};

/// By table; all tables of the database.
using Scope = std::map<std::string, TableScope>;

/// Which buckets differ. Pure; both are in the order of their numbers.
TableScope compare_buckets(const std::vector<LocalBucket>& here,
                           const std::vector<exchange::Piece>& there);

/// The columns of a published table as a dump's schema tells them.
std::vector<DumpColumn> columns_of(const exchange::PublishedTable& table);

/// Why rows here cannot be told in the words of this manifest; empty when they can: other tables
/// or columns, or a server that writes numbers in another way. The whole dump tells more. Pure.
std::string explain_other_form(const Tables& tables, const exchange::Manifest& manifest);

/// Whether pieces of so many bytes are no better than the whole dump. Pure.
bool is_most_of(std::uint64_t bytes, const exchange::Manifest& manifest);

/// Reads all rows of the site here, as of one moment, and compares them with the manifest; nothing
/// when they cannot be compared, or when a sample of a large site says that most of them differ:
/// either way the whole dump is needed. Writes nothing. @throws Error as postgres::Database.
/// Cancelled.
std::optional<Scope> find_scope(Session& session, const exchange::Manifest& manifest,
                                const IdBlock& block);

/// What follows FROM, for the rows of `buckets` in `block`: not empty. The table is `t`. Pure.
std::string bucket_rows_sql(const Table& table, const std::vector<std::int64_t>& buckets,
                            const IdBlock& block);

}  // namespace pecanctl::replication
