// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::string_view k_tables = R"(
SELECT c.relname, format('%I.%I', n.nspname, c.relname), pg_has_role(c.relowner, 'USAGE'),
       a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef,
       coalesce(to_jsonb(a)->>'attgenerated', '') <> '',
       EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisunique
               AND i.indpred IS NULL AND i.indnatts = 1 AND i.indkey[0] = k.attnum)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute k ON k.attrelid = c.oid AND k.attname = 'id' AND NOT k.attisdropped
  AND k.atttypid IN ('int8'::regtype, 'int4'::regtype)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'sessions'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass
                  AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname, a.attnum)";

constexpr std::string_view k_foreign_keys = R"(
SELECT c.relname, f.conname, p.relname,
       (SELECT string_agg(format('s.%I = p.%I', ca.attname, pa.attname), ' AND ' ORDER BY k.i)
        FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(child, parent, i)
        JOIN pg_catalog.pg_attribute ca ON ca.attrelid = f.conrelid AND ca.attnum = k.child
        JOIN pg_catalog.pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = k.parent),
       (SELECT string_agg(format('s.%I IS NOT NULL', ca.attname), ' AND ' ORDER BY k.i)
        FROM unnest(f.conkey) WITH ORDINALITY AS k(child, i)
        JOIN pg_catalog.pg_attribute ca ON ca.attrelid = f.conrelid AND ca.attnum = k.child),
       f.condeferrable,
       (SELECT quote_ident(ca.attname)
        FROM pg_catalog.pg_attribute ca
        JOIN pg_catalog.pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = f.confkey[1]
        WHERE cardinality(f.conkey) = 1 AND pa.attname = 'id' AND ca.attrelid = f.conrelid
          AND ca.attnum = f.conkey[1])
FROM pg_catalog.pg_constraint f
JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
JOIN pg_catalog.pg_class p ON p.oid = f.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
JOIN pg_catalog.pg_namespace m ON m.oid = p.relnamespace AND m.nspname = 'public'
WHERE f.contype = 'f' ORDER BY c.relname, f.conname)";

constexpr std::string_view k_unique_keys = R"(
SELECT c.relname, x.relname,
       string_agg(format('s.%I = t.%I', a.attname, a.attname), ' AND ' ORDER BY k.i),
       string_agg(quote_ident(a.attname), ', ' ORDER BY k.i)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, i)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
GROUP BY c.relname, x.relname HAVING array_agg(a.attname::text) <> ARRAY['id']
ORDER BY c.relname, x.relname)";

constexpr std::string_view k_checks = R"(
SELECT c.relname, f.conname, pg_catalog.pg_get_expr(f.conbin, f.conrelid)
FROM pg_catalog.pg_constraint f
JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
WHERE f.contype = 'c' ORDER BY c.relname, f.conname)";

constexpr std::string_view k_indexes = R"(
SELECT c.relname, format('%I.%I', n.nspname, x.relname), pg_catalog.pg_get_indexdef(i.indexrelid)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
WHERE NOT i.indisunique AND i.indisvalid AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_constraint f WHERE f.conindid = i.indexrelid)
ORDER BY c.relname, x.relname)";

bool is_true(const postgres::Value& value)
{
  return value == "t";
}

std::string text_of(const postgres::Value& value)
{
  return value.value_or(std::string{});
}

// The rows of `sql` whose first column names a table that we have.
template <typename Take>
void for_tables(Session& session, Catalogue& catalogue, std::string_view sql, const Take& take)
{
  for (const auto& row : session.query(sql)) {
    const auto found = catalogue.tables.find(text_of(row[0]));
    if (found != catalogue.tables.end()) {
      take(found->second, row);
    }
  }
}

void read_constraints(Session& session, Catalogue& catalogue)
{
  for_tables(session, catalogue, k_foreign_keys, [&](Table& table, const postgres::Row& row) {
    table.parents.push_back({.name = text_of(row[1]),
                             .parent = text_of(row[2]),
                             .match_sql = text_of(row[3]),
                             .required_sql = text_of(row[4]),
                             .column_sql = text_of(row[6]),
                             .is_deferrable = is_true(row[5])});
  });
  for_tables(session, catalogue, k_unique_keys, [](Table& table, const postgres::Row& row) {
    table.keys.push_back(
        {.name = text_of(row[1]), .match_sql = text_of(row[2]), .columns_sql = text_of(row[3])});
  });
  for_tables(session, catalogue, k_checks, [](Table& table, const postgres::Row& row) {
    table.checks.push_back({.name = text_of(row[1]), .expression_sql = text_of(row[2])});
  });
  for_tables(session, catalogue, k_indexes, [](Table& table, const postgres::Row& row) {
    table.indexes.push_back({.name_sql = text_of(row[1]), .definition_sql = text_of(row[2])});
  });
}

// As dump.bety.sh computes the sum.
SchemaVersion read_version(Session& session, std::vector<std::string>& migrations)
{
  SchemaVersion schema;
  if (session.ask("SELECT to_regclass('public.schema_migrations')").empty()) {
    return schema;
  }
  constexpr std::string_view k_sorted =
      "(SELECT version FROM public.schema_migrations ORDER BY version) AS v";
  schema.md5 = session.ask(
      fmt::format("SELECT md5(coalesce(array_agg(version), '{{}}')::text) FROM {}", k_sorted));
  for (const auto& row : session.query(fmt::format("SELECT version FROM {}", k_sorted))) {
    migrations.push_back(text_of(row[0]));
  }
  schema.migrations = static_cast<std::int64_t>(migrations.size());
  for (const auto& version : migrations) {
    auto& latest = schema.latest;
    const bool is_later =
        version.size() == latest.size() ? version > latest : version.size() > latest.size();
    latest = is_later ? version : latest;
  }
  return schema;
}

void visit(const Tables& tables, const std::string& name, std::set<std::string>& seen,
           std::vector<std::string>& order)
{
  if (!seen.insert(name).second) {
    return;
  }
  for (const auto& key : tables.at(name).parents) {
    if (tables.contains(key.parent)) {
      visit(tables, key.parent, seen, order);
    }
  }
  order.push_back(name);
}

}  // namespace

const Column* Table::find(const std::string& column) const
{
  const auto found = std::ranges::find(columns, column, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> order_tables(const Tables& tables)
{
  std::set<std::string> seen;
  std::vector<std::string> order;
  for (const auto& [name, table] : tables) {
    visit(tables, name, seen, order);
  }
  return order;
}

SchemaVersion read_schema_version(Session& session)
{
  std::vector<std::string> migrations;
  return read_version(session, migrations);
}

Tables read_tables(Session& session)
{
  Tables tables;
  for (const auto& row : session.query(k_tables)) {
    auto& table = tables[text_of(row[0])];
    table.name = text_of(row[0]);
    table.sql = text_of(row[1]);
    table.is_ours = is_true(row[2]);
    table.columns.push_back({.name = text_of(row[3]),
                             .type = text_of(row[4]),
                             .is_required = is_true(row[5]),
                             .has_default = is_true(row[6]),
                             .is_generated = is_true(row[7])});
    table.has_unique_id = is_true(row[8]);
  }
  return tables;
}

Catalogue read_catalogue(Session& session)
{
  Catalogue catalogue;
  catalogue.is_superuser = session.ask("SHOW is_superuser") == "on";
  const auto version = session.ask("SHOW server_version_num");
  int number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  constexpr int k_per_major = 10'000;
  catalogue.server_major = number / k_per_major;
  catalogue.tables = read_tables(session);
  read_constraints(session, catalogue);
  catalogue.schema = read_version(session, catalogue.migrations);
  catalogue.order = order_tables(catalogue.tables);
  return catalogue;
}

std::string quote_literal(std::string_view text)
{
  std::string quoted = "'";
  for (const char letter : text) {
    quoted += letter == '\'' ? "''" : std::string(1, letter);
  }
  return quoted + "'";
}

}  // namespace pecanctl::replication
