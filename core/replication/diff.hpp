// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "core/replication/catalogue.hpp"
#include "core/replication/dialect.hpp"
#include "core/replication/peer.hpp"
#include "core/replication/row_index.hpp"
#include "core/replication/shape.hpp"

namespace pecanctl::replication {

/// How a table of a dump differs from the site's rows here.
struct TableDiff {
  std::uint64_t here = 0;  ///< rows
  std::uint64_t there = 0;
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::vector<std::int64_t> removed = {};  ///< ids that only this database has
  RowIndex index;                          ///< empty when nothing differs, or everything
  bool is_all_new = false;                 ///< no row was here: all of the dump are to be written

  bool is_empty() const { return added + changed + removed.size() == 0; }
};

/// Reads all rows of a table in a dump. @throws Error invalid: a row with too few or too many
/// fields, an id that is none, twice, or outside of `block`.
RowIndex index_rows(const Table& table, Shape& shape, const BlockSource& source,
                    const IdBlock& block, std::uint64_t seed);

/// Holds the rows here against them, as they stream by: `rows_sql` is what follows FROM.
TableDiff compare_rows(Session& session, const Shape& shape, std::string_view rows_sql,
                       RowIndex index);

/// The rows that are to be written, for COPY, read once more from the dump.
BlockSource select_rows(Shape& shape, BlockSource source, const TableDiff& diff);
/// All rows, as they belong here.
BlockSource all_rows(Shape& shape, BlockSource source);

}  // namespace pecanctl::replication
