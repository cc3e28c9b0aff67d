// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/exchange/manifest.hpp"
#include "core/postgres/database.hpp"

/// What is to be published, as the database's own catalogue says it, and the statements that read
/// it.
namespace pecanctl::publication {

/// A column that refers to the id of another table.
struct Reference {
  std::string column = {};
  std::string table = {};
};

struct SourceColumn {
  exchange::Column column = {};
  bool is_nullable = true;
};

/// A table of schema public whose rows belong to sites by their id.
struct SourceTable {
  std::string name = {};
  std::vector<SourceColumn> columns = {};
  bool has_unique_id = true;
  std::vector<Reference> references = {};

  /// Where the id is among the columns.
  std::size_t id_position() const;
};

struct Source {
  int server = 0;
  std::vector<std::string> migrations = {};  ///< in the database's own order of text
  std::string schema_md5 = {};
  std::string newest = {};  ///< migration
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::vector<SourceTable> tables = {};  ///< by name

  /// For files' times: that of the newest migration, Unix; so equal data makes equal bytes.
  std::int64_t schema_time() const;
};

/// @throws Error not_found: the database is no BETY.
void require_bety(postgres::Transaction& transaction);

/// Reads the catalogue. The ids of `site` are those of its row of `machines` if it says so, else
/// N·10⁹+1 to N·10⁹+999999999.
/// @throws Error not_found: the database is no BETY (no schema_migrations, or no users).
Source read_source(postgres::Transaction& transaction, std::int64_t site);

/// The rows of `table` that are published, in their order: a SELECT. Pure.
std::string select_rows(const SourceTable& table, const Source& source,
                        const exchange::Filter& filter);

/// The id in a row of CSV in that dialect. Pure. @throws Error failed: it has none.
std::int64_t id_of_row(std::string_view row, std::size_t position);

}  // namespace pecanctl::publication
