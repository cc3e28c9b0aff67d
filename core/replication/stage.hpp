// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/replication/diff.hpp"
#include "core/replication/spool.hpp"

namespace pecanctl::replication {

/// One table on its way into the database.
struct StagedTable {
  const Table* table = nullptr;
  Shape shape;
  TableDiff diff;
  /// Relation with the rows to write; empty: none. With `is_direct` it is the table itself.
  std::string new_sql = {};
  /// Relation with the ids to remove; empty: none.
  std::string gone_sql = {};
  bool is_direct = false;
  std::vector<PlainIndex> dropped_indexes = {};  ///< to be made again
  std::uint64_t held = 0;                        ///< rows in quarantine
  std::uint64_t held_changes = 0;                ///< those of `held` whose old form stays
  std::uint64_t retained = 0;                    ///< removed there, needed here
};

/// All tables of one peer's dump, by name.
using Stage = std::map<std::string, StagedTable>;

/// Writes the differences into temporary tables of the open transaction. A table without any row of
/// the peer gets a big load directly, if `may_load_directly`: as fast as COPY goes, its plain
/// indexes made afterwards. @throws Error invalid when PostgreSQL refuses a value.
void stage_rows(Session& session, const Spool& spool, Stage& stage, bool may_load_directly);

}  // namespace pecanctl::replication
