// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/lock_parents.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace pecanctl::replication {
namespace {

// A big load has brought rows of its own, which nobody else can see; `column` tells them apart.
std::string not_brought(const StagedTable& table, std::string_view column, const IdBlock& block)
{
  return table.is_direct
             ? fmt::format(" AND {} NOT BETWEEN {} AND {}", column, block.first, block.last)
             : std::string{};
}

// What `child` refers to by `key`. The ids are collected first: a big load has dropped the indexes
// by which its rows could be found from their parents.
std::string referred_sql(const StagedTable& child, const ForeignKey& key, const StagedTable& parent,
                         const IdBlock& block)
{
  const auto own = child.is_direct
                       ? fmt::format(" AND s.id BETWEEN {} AND {}", block.first, block.last)
                       : std::string{};
  if (key.column_sql.empty()) {
    return fmt::format("EXISTS (SELECT FROM {} AS s WHERE {}{})", child.new_sql, key.match_sql,
                       own);
  }
  const auto column = "s." + key.column_sql;
  return fmt::format("p.id = ANY (ARRAY (SELECT DISTINCT {} FROM {} AS s WHERE {}{}{}))", column,
                     child.new_sql, key.required_sql, own, not_brought(parent, column, block));
}

std::string lock_sql(const StagedTable& child, const ForeignKey& key, const StagedTable& parent,
                     const IdBlock& block)
{
  return fmt::format(
      "SELECT count(*) FROM (SELECT FROM {} AS p WHERE {}{} FOR KEY SHARE OF p) AS "
      "locked",
      parent.table->sql, referred_sql(child, key, parent, block),
      not_brought(parent, "p.id", block));
}

}  // namespace

void lock_parents(Session& session, const Stage& stage, const IdBlock& block)
{
  for (const auto& [name, child] : stage) {
    if (child.new_sql.empty()) {
      continue;
    }
    std::set<std::pair<std::string, std::string>> done;  // BETY has some keys twice
    for (const auto& key : child.table->parents) {
      const auto parent = stage.find(key.parent);
      if (parent != stage.end() && done.emplace(key.parent, key.match_sql).second) {
        session.query(lock_sql(child, key, parent->second, block));
      }
    }
  }
}

}  // namespace pecanctl::replication
