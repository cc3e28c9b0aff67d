// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/write.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"

namespace pecanctl::replication {
namespace {

// Runs `sql`, or undoes it when it fails with `expected`: tells whether it worked.
bool try_run(Session& session, std::string_view sql, ErrorCode expected = ErrorCode::denied)
{
  session.run("SAVEPOINT pecanctl_try");
  try {
    session.run(sql);
  } catch (const Error& error) {
    if (error.code() != expected) {
      throw;
    }
    session.run("ROLLBACK TO SAVEPOINT pecanctl_try");
    return false;
  }
  session.run("RELEASE SAVEPOINT pecanctl_try");
  return true;
}

struct Trigger {
  std::string table_sql;
  std::string name_sql;
};

// Those that fire as usual; a trigger that somebody switched off stays so.
std::vector<Trigger> list_triggers(Session& session, const std::string& table_sql)
{
  std::vector<Trigger> triggers;
  for (const auto& row : session.query(
           "SELECT quote_ident(tgname) FROM pg_catalog.pg_trigger WHERE tgrelid = $1::regclass "
           "AND NOT tgisinternal AND tgenabled IN ('O', 'A') ORDER BY tgname",
           {table_sql})) {
    triggers.push_back({.table_sql = table_sql, .name_sql = row[0].value_or(std::string{})});
  }
  return triggers;
}

class Writer {
 public:
  Writer(Session& session, const Catalogue& catalogue, Stage& stage, Power power)
      : session_{session},
        catalogue_{catalogue},
        stage_{stage},
        power_{power}
  {
  }

  void run()
  {
    if (power_ == Power::replica) {
      remove_rows();
      failpoint("sync.removed");
      for_parents_first([&](StagedTable& one) { change_and_add(one); });
    } else {
      const auto triggers = silence();
      for_parents_first([&](StagedTable& one) { change_and_add(one); });
      failpoint("sync.removed");
      remove_rows();
      wake(triggers);
    }
    failpoint("sync.added");
    rebuild_indexes();
  }

 private:
  template <typename Work>
  void for_parents_first(const Work& work)
  {
    for (const auto& name : catalogue_.order) {
      if (const auto found = stage_.find(name); found != stage_.end()) {
        work(found->second);
        failpoint("sync.wrote");
      }
    }
  }

  void remove_rows()
  {
    const std::vector<std::string> children_first{catalogue_.order.rbegin(),
                                                  catalogue_.order.rend()};
    for (const auto& name : children_first) {
      const auto found = stage_.find(name);
      if (found == stage_.end()) {
        continue;
      }
      if (!found->second.gone_sql.empty()) {
        remove(found->second, found->second.gone_sql);
      }
    }
  }

  void remove(const StagedTable& one, const std::string& ids)
  {
    session_.run(
        fmt::format("DELETE FROM {} AS t USING {} AS x WHERE t.id = x.id", one.table->sql, ids));
  }

  void change_and_add(const StagedTable& one)
  {
    if (one.new_sql.empty() || one.is_direct) {
      return;
    }
    if (one.diff.changed > 0) {
      change_rows(one);
    }
    const auto columns = one.shape.columns_sql();
    const auto is_missing =
        one.diff.changed == 0
            ? std::string{}
            : fmt::format(" WHERE NOT EXISTS (SELECT FROM {} AS t WHERE t.id = n.id)",
                          one.table->sql);
    session_.run(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} AS n{}", one.table->sql,
                             columns, columns, one.new_sql, is_missing));
  }

  // A row that keeps its keys is updated: who writes a child of it meanwhile need not wait for us,
  // and would not find it if it was removed first. Rows that have only one another's keys, and ids
  // that are here twice, are replaced.
  void change_rows(const StagedTable& one)
  {
    const auto update = fmt::format("UPDATE {} AS t SET {} FROM {} AS n WHERE t.id = n.id",
                                    one.table->sql, one.shape.assignments_sql("n"), one.new_sql);
    if (power_ == Power::owner) {
      session_.run(update);
    } else if (!one.table->has_unique_id || !try_run(session_, update, ErrorCode::conflict)) {
      remove(one, one.new_sql);
    }
  }

  std::vector<Trigger> silence()
  {
    std::vector<Trigger> triggers;
    for (const auto& [name, one] : stage_) {
      if (one.diff.is_empty()) {
        continue;
      }
      const auto found = list_triggers(session_, one.table->sql);
      triggers.insert(triggers.end(), found.begin(), found.end());
    }
    for (const auto& [table, name] : triggers) {
      session_.run(fmt::format("ALTER TABLE {} DISABLE TRIGGER {}", table, name));
    }
    return triggers;
  }

  void wake(const std::vector<Trigger>& triggers)
  {
    for (const auto& [table, name] : triggers) {
      session_.run(fmt::format("ALTER TABLE {} ENABLE TRIGGER {}", table, name));
    }
  }

  void rebuild_indexes()
  {
    for (const auto& [name, one] : stage_) {
      for (const auto& index : one.dropped_indexes) {
        session_.run(index.definition_sql);
      }
    }
  }

  Session& session_;
  const Catalogue& catalogue_;
  Stage& stage_;
  Power power_;
};

}  // namespace

Power take_power(Session& session, const Catalogue& catalogue)
{
  if (try_run(session, "SET LOCAL session_replication_role = replica")) {
    return Power::replica;
  }
  std::vector<std::string> foreign;
  for (const auto& [name, table] : catalogue.tables) {
    if (!table.is_ours) {
      foreign.push_back(name);
    }
  }
  if (foreign.empty()) {
    return Power::owner;
  }
  const auto count = foreign.size();
  foreign.resize(std::min<std::size_t>(count, 3));
  throw Error{
      {.code = ErrorCode::denied,
       .what = "cannot write the tables of other sites",
       .why = fmt::format("this role is no superuser, and {} tables are not its own ({}, …)", count,
                          fmt::join(foreign, ", ")),
       .hint = "connect as the owner of the tables, or as a superuser"}};
}

QuickDbfiles::QuickDbfiles(Session& session)
{
  const auto rows = session.query(
      "SELECT p.oid::regprocedure::text, pg_catalog.pg_get_functiondef(p.oid) "
      "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
      "WHERE n.nspname = 'public' AND p.pronargs = 0 AND p.prorettype = 'int8[]'::regtype "
      "AND p.proname IN ('get_input_ids', 'get_model_ids', 'get_posterior_ids') "
      "AND pg_has_role(p.proowner, 'USAGE')");
  for (const auto& row : rows) {
    // An owner who may make nothing in the schema may not replace either: then it takes longer.
    const auto quick = fmt::format(
        "CREATE OR REPLACE FUNCTION {} RETURNS bigint[] LANGUAGE sql AS $pecanctl$ SELECT "
        "NULL::bigint[] $pecanctl$",
        row[0].value_or(std::string{}));
    if (try_run(session, quick)) {
      definitions_.push_back(row[1].value_or(std::string{}));
    }
  }
}

void QuickDbfiles::restore(Session& session)
{
  for (const auto& definition : definitions_) {
    session.run(definition);
  }
  definitions_.clear();
}

void write_stage(Session& session, const Catalogue& catalogue, Stage& stage, Power power)
{
  Writer{session, catalogue, stage, power}.run();
}

}  // namespace pecanctl::replication
