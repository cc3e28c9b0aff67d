// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/provenance.hpp"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::string_view k_make = R"(
CREATE SCHEMA IF NOT EXISTS pecanctl;
CREATE TABLE IF NOT EXISTS pecanctl.sync_log (
  operation uuid PRIMARY KEY, site bigint NOT NULL, url text NOT NULL, etag text, sha256 text NOT NULL,
  schema_md5 text, dumped_at text, finished_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  seconds float8 NOT NULL, tool text NOT NULL, added bigint NOT NULL, changed bigint NOT NULL,
  removed bigint NOT NULL, held bigint NOT NULL, retained bigint NOT NULL, tables jsonb NOT NULL);
CREATE INDEX IF NOT EXISTS sync_log_site ON pecanctl.sync_log (site, finished_at DESC);
CREATE TABLE IF NOT EXISTS pecanctl.quarantine (
  site bigint NOT NULL, table_name text NOT NULL, id bigint NOT NULL, reason text NOT NULL,
  content jsonb NOT NULL, since timestamptz NOT NULL DEFAULT clock_timestamp(), operation uuid NOT NULL,
  PRIMARY KEY (site, table_name, id));
CREATE TABLE IF NOT EXISTS pecanctl.site_keys (
  site bigint PRIMARY KEY, key text NOT NULL, serial bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp()))";

bool has_ledger(Session& session)
{
  return session.ask(
             "SELECT to_regclass('pecanctl.sync_log') IS NOT NULL AND "
             "to_regclass('pecanctl.quarantine') IS NOT NULL") == "t";
}

std::uint64_t count_in(const postgres::Value& value)
{
  std::uint64_t number = 0;
  const auto text = value.value_or(std::string{});
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

nlohmann::json tables_json(const std::vector<TableReport>& tables)
{
  auto rows = nlohmann::json::array();
  for (const auto& table : tables) {
    rows.push_back({{"table", table.table},
                    {"rows", table.rows},
                    {"added", table.added},
                    {"changed", table.changed},
                    {"removed", table.removed},
                    {"held", table.held},
                    {"retained", table.retained}});
  }
  return rows;
}

}  // namespace

TableReport PullRecord::total() const
{
  TableReport sum;
  for (const auto& table : tables) {
    sum.rows += table.rows;
    sum.added += table.added;
    sum.changed += table.changed;
    sum.removed += table.removed;
    sum.held += table.held;
    sum.retained += table.retained;
  }
  return sum;
}

bool ensure_ledger(Session& session)
{
  const bool has_keys = !session.ask("SELECT to_regclass('pecanctl.site_keys')").empty();
  if (has_keys && has_ledger(session)) {
    return true;
  }
  session.run("SAVEPOINT pecanctl_ledger");
  try {
    session.run(k_make);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::denied) {
      throw;
    }
    session.run("ROLLBACK TO SAVEPOINT pecanctl_ledger");
    return false;
  }
  session.run("RELEASE SAVEPOINT pecanctl_ledger");
  return true;
}

void write_record(Session& session, const PullRecord& record)
{
  const auto sum = record.total();
  // What comes later is later, also when the server's clock was set back meanwhile.
  session.query(
      "INSERT INTO pecanctl.sync_log (operation, site, url, etag, sha256, schema_md5, dumped_at, "
      "seconds, tool, added, changed, removed, held, retained, tables, finished_at) VALUES ($1, "
      "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, greatest(clock_timestamp(), "
      "(SELECT max(finished_at) + interval '1 microsecond' FROM pecanctl.sync_log)))",
      {record.operation, std::to_string(record.site), record.origin.url, record.origin.etag,
       record.origin.sha256, record.origin.schema_md5, record.origin.dumped_at,
       fmt::format("{:.3f}", record.seconds), record.tool, std::to_string(sum.added),
       std::to_string(sum.changed), std::to_string(sum.removed), std::to_string(sum.held),
       std::to_string(sum.retained), tables_json(record.tables).dump()});
}

void write_quarantine(Session& session, std::int64_t site, const std::string& operation)
{
  const std::vector<postgres::Value> parameters{std::to_string(site)};
  session.query(
      "DELETE FROM pecanctl.quarantine q WHERE site = $1::bigint AND NOT EXISTS (SELECT FROM "
      "pecanctl_held h WHERE h.table_name = q.table_name AND h.id = q.id)",
      parameters);
  session.query(
      "INSERT INTO pecanctl.quarantine (site, table_name, id, reason, content, operation) SELECT "
      "DISTINCT ON (table_name, id) $1::bigint, table_name, id, reason, content, $2::uuid FROM "
      "pecanctl_held ON CONFLICT (site, table_name, id) DO UPDATE SET reason = excluded.reason, "
      "content = excluded.content, operation = excluded.operation WHERE (quarantine.reason, "
      "quarantine.content) IS DISTINCT FROM (excluded.reason, excluded.content)",
      {std::to_string(site), operation});
}

bool has_record(Session& session, const std::string& operation)
{
  return has_ledger(session) &&
         !session.query("SELECT FROM pecanctl.sync_log WHERE operation = $1::uuid", {operation})
              .empty();
}

std::optional<LastPull> find_last_pull(Session& session, std::int64_t site)
{
  if (!has_ledger(session)) {
    return std::nullopt;
  }
  const auto rows = session.query(
      "SELECT sha256, dumped_at, to_char(checked_at AT TIME ZONE 'UTC', "
      "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), extract(epoch FROM clock_timestamp() - "
      "checked_at)::bigint, held, EXISTS (SELECT FROM pecanctl.sync_log o WHERE o.site <> l.site "
      "AND "
      "o.finished_at > l.finished_at AND o.added + o.changed > 0) FROM pecanctl.sync_log l WHERE "
      "site = $1::bigint ORDER BY finished_at DESC LIMIT 1",
      {std::to_string(site)});
  if (rows.empty()) {
    return std::nullopt;
  }
  const auto& row = rows.front();
  return LastPull{.sha256 = row[0].value_or(std::string{}),
                  .dumped_at = row[1].value_or(std::string{}),
                  .checked_at = row[2].value_or(std::string{}),
                  .age_seconds = static_cast<double>(count_in(row[3])),
                  .held = count_in(row[4]),
                  .is_outdated = row[5] == "t"};
}

void touch_last_pull(Session& session, std::int64_t site)
{
  session.query(
      "UPDATE pecanctl.sync_log SET checked_at = clock_timestamp() WHERE operation = (SELECT "
      "operation FROM pecanctl.sync_log WHERE site = $1::bigint ORDER BY finished_at DESC LIMIT 1)",
      {std::to_string(site)});
}

std::vector<HeldReason> list_held(Session& session)
{
  std::vector<HeldReason> reasons;
  for (const auto& row :
       session.query("SELECT table_name, reason, count(*) FROM pecanctl_held GROUP BY 1, 2 "
                     "ORDER BY 3 DESC, 1, 2")) {
    reasons.push_back({.table = row[0].value_or(std::string{}),
                       .reason = row[1].value_or(std::string{}),
                       .rows = count_in(row[2])});
  }
  return reasons;
}

}  // namespace pecanctl::replication
