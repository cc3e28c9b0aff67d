// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/recheck.hpp"

#include <optional>

#include <fmt/format.h>

namespace pecanctl::replication {
namespace {

constexpr std::string_view k_late = "rows that were written here meanwhile";

// "{1,2,3}": the ids of a relation of the open transaction; empty when there are none.
std::string ids_of(Session& session, std::string_view relation)
{
  return session.ask(fmt::format("SELECT array_agg(id)::text FROM {}", relation));
}

// How many of the rows `ids` of a table the transaction neither removes nor replaces.
std::string count_others(Session& session, const StagedTable& child, const std::string& ids)
{
  std::string sql = "SELECT count(*) FROM unnest($1::bigint[]) AS x (id) WHERE true";
  for (const auto& relation : {child.gone_sql, child.new_sql}) {
    if (!relation.empty() && !(child.is_direct && relation == child.new_sql)) {
      sql += fmt::format(" AND NOT EXISTS (SELECT FROM {} y WHERE y.id = x.id)", relation);
    }
  }
  return session.ask(sql, {ids});
}

}  // namespace

void refuse_late_children(const postgres::Endpoint& endpoint, Session& session,
                          const Catalogue& catalogue, const Stage& stage)
{
  std::optional<Session> fresh;
  for (const auto& [name, one] : stage) {
    const auto gone = one.gone_sql.empty() ? std::string{} : ids_of(session, one.gone_sql);
    if (gone.empty()) {
      continue;
    }
    for (const auto& [child_name, child] : catalogue.tables) {
      for (const auto& key : child.parents) {
        if (key.parent != name || key.column_sql.empty() || !stage.contains(child_name)) {
          continue;
        }
        if (!fresh) {
          fresh.emplace(endpoint, session.deadline(), session.stop());
        }
        const auto children = fresh->ask(
            fmt::format("SELECT array_agg(s.id)::text FROM {} AS s JOIN unnest($1::bigint[]) AS p "
                        "(id) ON {}",
                        child.sql, key.match_sql),
            {gone});
        if (!children.empty() && count_others(session, stage.at(child_name), children) != "0") {
          throw Error{{.code = ErrorCode::conflict,
                       .what = "cannot take the dump",
                       .why = fmt::format("{} to {} refer to rows of {} that are to go", k_late,
                                          child_name, name),
                       .hint = "try again",
                       .has_changed_nothing = true}};
        }
      }
    }
  }
}

bool is_late_child(const Error& error)
{
  return error.code() == ErrorCode::conflict && error.info().why.starts_with(k_late);
}

}  // namespace pecanctl::replication
