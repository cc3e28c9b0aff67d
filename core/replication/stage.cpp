// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/stage.hpp"

#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/exchange/row_text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::uint64_t k_big_load = 1000;  // rows from which indexes are worth a thought

// What PostgreSQL says of a row is about the dump, unless the database itself is in trouble.
[[noreturn]] void translate_copy(const Error& error, const Table& table)
{
  const auto& why = error.info().why;
  const bool is_value =
      why.find("SQLSTATE 22") != std::string::npos || why.find("SQLSTATE 23") != std::string::npos;
  if (!is_value) {
    throw error;
  }
  throw Error{{.code = ErrorCode::invalid,
               .what = fmt::format("cannot use {}.csv of the dump", table.name),
               .why = why}};
}

std::string copy_sql(std::string_view relation, const Shape& shape)
{
  return fmt::format("COPY {} ({}) FROM STDIN {}", relation, shape.columns_sql(),
                     exchange::k_copy_options);
}

void load_new(Session& session, const Spool& spool, StagedTable& one, std::size_t number)
{
  one.new_sql = fmt::format("pg_temp.pecanctl_new_{}", number);
  session.run(
      fmt::format("CREATE TEMPORARY TABLE pecanctl_new_{} ON COMMIT DROP AS "
                  "SELECT * FROM {} WITH NO DATA",
                  number, one.table->sql));
  try {
    session.copy_in(copy_sql(one.new_sql, one.shape),
                    select_rows(one.shape, spool.open(one.table->name + ".csv"), one.diff));
  } catch (const Error& error) {
    translate_copy(error, *one.table);
  }
  session.run(fmt::format("ANALYZE {}", one.new_sql));
}

void load_gone(Session& session, StagedTable& one, std::size_t number)
{
  one.gone_sql = fmt::format("pg_temp.pecanctl_gone_{}", number);
  session.run(
      fmt::format("CREATE TEMPORARY TABLE pecanctl_gone_{} (id bigint) ON COMMIT DROP", number));
  std::size_t next = 0;
  std::string block;
  session.copy_in(fmt::format("COPY {} FROM STDIN", one.gone_sql), [&] {
    constexpr std::size_t k_ids = 4096;
    block.clear();
    for (std::size_t i = 0; i < k_ids && next < one.diff.removed.size(); ++i) {
      block += fmt::format("{}\n", one.diff.removed[next++]);
    }
    return std::string_view{block};
  });
  session.run(fmt::format("ANALYZE {}", one.gone_sql));
}

// What the checks ask of, no more: that takes a fraction of the time. PostgreSQL counts it for no
// ANALYZE of the table, and makes one of all columns after the COMMIT.
std::string analyze_sql(const Table& table)
{
  std::set<std::string> columns{"id"};
  for (const auto& key : table.parents) {
    if (!key.column_sql.empty()) {
      columns.insert(key.column_sql);
    }
  }
  return fmt::format("ANALYZE {} ({})", table.sql, fmt::join(columns, ", "));
}

std::uint64_t estimated_rows(Session& session, const Table& table)
{
  const auto text = session.ask(
      "SELECT greatest(reltuples, 0)::bigint FROM pg_catalog.pg_class "
      "WHERE oid = $1::regclass",
      {table.sql});
  std::uint64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

// Tells whether it worked; else nothing has happened.
bool load_directly(Session& session, const Spool& spool, StagedTable& one)
{
  const auto& table = *one.table;
  session.run("SAVEPOINT pecanctl_direct");
  if (one.diff.added > estimated_rows(session, table)) {
    one.dropped_indexes = table.indexes;
    for (const auto& index : one.dropped_indexes) {
      session.run(fmt::format("DROP INDEX {}", index.name_sql));
    }
  }
  try {
    session.copy_in(copy_sql(table.sql, one.shape),
                    all_rows(one.shape, spool.open(table.name + ".csv")));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) {
      translate_copy(error, table);
    }
    session.run("ROLLBACK TO SAVEPOINT pecanctl_direct");  // some row clashes: look which
    one.dropped_indexes.clear();
    return false;
  }
  session.run("RELEASE SAVEPOINT pecanctl_direct");
  session.run(analyze_sql(table));
  one.new_sql = table.sql;
  one.is_direct = true;
  return true;
}

}  // namespace

void stage_rows(Session& session, const Spool& spool, Stage& stage, bool may_load_directly)
{
  std::size_t number = 0;
  for (auto& [name, one] : stage) {
    ++number;
    if (one.diff.is_empty()) {
      continue;
    }
    const bool is_first = may_load_directly && one.diff.here == 0 && one.diff.added >= k_big_load;
    if (one.diff.added + one.diff.changed > 0 &&
        !(is_first && load_directly(session, spool, one))) {
      load_new(session, spool, one, number);
    }
    if (!one.diff.removed.empty()) {
      load_gone(session, one, number);
    }
    failpoint("sync.staged");
  }
}

}  // namespace pecanctl::replication
