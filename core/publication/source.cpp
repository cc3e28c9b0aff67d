// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/source.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/exchange/row_text.hpp"

namespace pecanctl::publication {
namespace {

constexpr std::int64_t k_site_ids = 1'000'000'000;

std::int64_t number(const postgres::Value& value)
{
  std::int64_t result = 0;
  if (value) {
    std::from_chars(value->data(), value->data() + value->size(), result);
  }
  return result;
}

// Ordinary tables with an integer id, by name; what Rails and PostGIS keep there is nobody else's.
constexpr std::string_view k_list_columns = R"(
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL
               AND i.indnkeyatts = 1 AND i.indkey[0] = key.attnum)
FROM pg_class c
JOIN pg_attribute key ON key.attrelid = c.oid AND key.attname = 'id' AND NOT key.attisdropped
     AND key.atttypid IN ('int8'::regtype, 'int4'::regtype)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'sessions'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname COLLATE "C", a.attnum)";

constexpr std::string_view k_list_references = R"(
SELECT DISTINCT c.relname COLLATE "C", a.attname, p.relname
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_class p ON p.oid = f.confrelid
JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND c.relnamespace = 'public'::regnamespace
ORDER BY 1, 2, 3)";

void read_tables(postgres::Transaction& transaction, Source& source)
{
  for (const auto& row : transaction.query(k_list_columns, {})) {
    if (source.tables.empty() || source.tables.back().name != row[0]) {
      source.tables.push_back({.name = row[0].value_or(""), .has_unique_id = row[4] == "t"});
    }
    source.tables.back().columns.push_back(
        {.column = {.name = row[1].value_or(""), .type = row[2].value_or("")},
         .is_nullable = row[3] == "t"});
  }
  for (const auto& row : transaction.query(k_list_references, {})) {
    const auto table = std::ranges::find(source.tables, row[0].value_or(""), &SourceTable::name);
    if (table != source.tables.end()) {
      table->references.push_back({.column = row[1].value_or(""), .table = row[2].value_or("")});
    }
  }
}

void read_migrations(postgres::Transaction& transaction, Source& source)
{
  const auto rows =
      transaction.query("SELECT version FROM public.schema_migrations ORDER BY version", {});
  for (const auto& row : rows) {
    source.migrations.push_back(row[0].value_or(""));
  }
  // As BETY's scripts say it: the text of an array, in the database's order. Theirs of none is
  // NULL.
  source.schema_md5 =
      transaction
          .query(
              "SELECT md5(coalesce(array_agg(version), '{}')::text) FROM (SELECT version FROM "
              "public.schema_migrations ORDER BY version) AS v",
              {})
          .at(0)
          .at(0)
          .value_or("");
  source.newest = source.migrations.empty() ? "" : source.migrations.back();
}

void read_range(postgres::Transaction& transaction, std::int64_t site, Source& source)
{
  source.first = site * k_site_ids + 1;
  source.last = site * k_site_ids + k_site_ids - 1;
  const std::vector<postgres::Value> parameters{std::to_string(site)};
  for (const auto& row :
       transaction.query("SELECT sync_start, sync_end FROM public.machines WHERE sync_host_id = $1",
                         parameters)) {
    source.first = row[0] ? number(row[0]) : source.first;
    source.last = row[1] ? number(row[1]) : source.last;
  }
}

// The rows of traits and yields that may be shown, as a condition on alias `row`.
std::string condition_of(const exchange::Filter& filter, std::string_view row)
{
  auto condition = fmt::format("{}.access_level >= {}", row, filter.level);
  return filter.is_checked ? fmt::format("{} AND {}.checked <> -1", condition, row) : condition;
}

bool is_filtered(std::string_view table)
{
  return table == "traits" || table == "yields";
}

// What everybody may know of a user: that there is one.
std::string anonymous_value(const SourceColumn& column)
{
  const auto& name = column.column.name;
  if (name == "id" || name == "created_at" || name == "updated_at") {
    return "t." + exchange::quote_name(name);
  }
  if (name == "login") {
    return "'user' || t.id";
  }
  if (name == "name") {
    return "'user ' || t.id";
  }
  if (name == "email") {
    return "'betydb+' || t.id || '@gmail.com'";
  }
  if (name == "crypted_password") {
    return "'1234567890abcdef'";
  }
  if (name == "salt") {
    return "'SALT'";
  }
  if (name == "access_level") {
    return "3";
  }
  if (name == "page_access_level") {
    return "4";
  }
  const bool is_text_there = name == "area";  // their scripts write it empty, not NULL
  return column.is_nullable && !is_text_there ? "NULL" : "''";
}

}  // namespace

std::size_t SourceTable::id_position() const
{
  const auto found = std::ranges::find_if(
      columns, [](const SourceColumn& column) { return column.column.name == "id"; });
  return static_cast<std::size_t>(found - columns.begin());
}

std::int64_t Source::schema_time() const
{
  using namespace std::chrono;
  constexpr std::int64_t k_some_time = 1'000'000'000;
  std::int64_t digits = 0;
  const auto [end, error] = std::from_chars(newest.data(), newest.data() + newest.size(), digits);
  if (error != std::errc{} || newest.size() != 14 || end != newest.data() + newest.size()) {
    return k_some_time;
  }
  const auto date = digits / 1'000'000;
  const year_month_day day{year{static_cast<int>(date / 10'000)},
                           month{static_cast<unsigned>(date / 100 % 100)},
                           std::chrono::day{static_cast<unsigned>(date % 100)}};
  if (!day.ok() || date < 1970'01'01) {
    return k_some_time;
  }
  const auto clock = digits % 1'000'000;
  return sys_days{day}.time_since_epoch().count() * std::int64_t{86'400} + clock / 10'000 * 3'600 +
         clock / 100 % 100 * 60 + clock % 100;
}

void require_bety(postgres::Transaction& transaction)
{
  const auto found = transaction.query(
      "SELECT to_regclass('public.schema_migrations') IS NOT NULL AND "
      "to_regclass('public.machines') IS NOT NULL AND to_regclass('public.users') IS NOT NULL",
      {});
  if (found.at(0).at(0) != "t") {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "cannot publish this database",
                 .why = "it is no BETY: it lacks schema_migrations, machines or users",
                 .hint = "pecanctl deploy sets the database up"}};
  }
}

Source read_source(postgres::Transaction& transaction, std::int64_t site)
{
  require_bety(transaction);
  Source source;
  read_tables(transaction, source);
  read_migrations(transaction, source);
  read_range(transaction, site, source);
  return source;
}

std::string select_rows(const SourceTable& table, const Source& source,
                        const exchange::Filter& filter)
{
  const bool is_anonymous = filter.is_anonymous && table.name == "users";
  std::string columns;
  for (const auto& column : table.columns) {
    columns += columns.empty() ? "" : ", ";
    columns +=
        is_anonymous ? anonymous_value(column) : "t." + exchange::quote_name(column.column.name);
  }
  auto text = fmt::format("SELECT {} FROM public.{} AS t WHERE t.id BETWEEN {} AND {}", columns,
                          exchange::quote_name(table.name), source.first, source.last);
  if (is_filtered(table.name)) {
    text += " AND " + condition_of(filter, "t");
  }
  for (const auto& reference : table.references) {
    if (is_filtered(reference.table)) {
      text += fmt::format(
          " AND NOT EXISTS (SELECT FROM public.{} AS p WHERE p.id = t.{} AND ({}) IS NOT TRUE)",
          exchange::quote_name(reference.table), exchange::quote_name(reference.column),
          condition_of(filter, "p"));
    }
  }
  return text + " ORDER BY t.id" + (table.has_unique_id ? "" : ", t::text COLLATE \"C\"");
}

std::int64_t id_of_row(std::string_view row, std::size_t position)
{
  // Past `position` fields. In quotes, a backslash stands before a quote or a backslash.
  std::size_t at = 0;
  for (; position > 0; --position) {
    if (at < row.size() && row[at] == '"') {
      for (++at; at < row.size() && row[at] != '"'; ++at) {
        at += row[at] == '\\' ? 1U : 0U;
      }
    }
    at = row.find('\t', at);
    at = at == std::string_view::npos ? row.size() : at + 1;
  }
  std::int64_t id = 0;
  const auto field = row.substr(std::min(at, row.size()));
  if (std::from_chars(field.data(), field.data() + field.size(), id).ec != std::errc{}) {
    throw Error{{.code = ErrorCode::failed,
                 .what = "cannot read a row of the database",
                 .why = "it has no id"}};
  }
  return id;
}

}  // namespace pecanctl::publication
