// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/inspection/checks.hpp"
#include "core/inspection/presence.hpp"

namespace pecanctl::inspection::checks {
namespace {

constexpr int k_oldest_postgres = 12;

std::string cell(const ::pecanctl::postgres::Row& row, std::size_t index)
{
  return index < row.size() ? row[index].value_or("") : std::string{};
}

// Sync switches triggers off for its own transaction; nothing else may.
std::optional<Finding> check_triggers(::pecanctl::postgres::Database& database,
                                      const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  try {
    transaction->execute("SET LOCAL session_replication_role = replica");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unreachable || error.code() == ErrorCode::timeout) {
      throw;
    }
    return Finding{.verdict = Verdict::bad,
                   .text = fmt::format("our user may not switch triggers off, as sync has to: {}",
                                       error.info().why),
                   .fix = "as a superuser of the database: ALTER ROLE postgres SUPERUSER"};
  }
  return std::nullopt;
}

Finding check_postgis(::pecanctl::postgres::Transaction& transaction)
{
  const auto rows = transaction.query(
      "SELECT default_version, installed_version FROM pg_available_extensions "
      "WHERE name = 'postgis'",
      {});
  if (rows.empty()) {
    return {.verdict = Verdict::bad,
            .text = "PostGIS is not installed in it",
            .fix = "use an image that has it: services.postgres.image: postgis/postgis:15-3.4"};
  }
  const auto installed = cell(rows.front(), 1);
  return {.text = installed.empty() ? "PostGIS available" : "PostGIS " + installed};
}

// What PEcAn's own code reads and writes of each table. Source: PEcAn monitor.py, base/db; BETY.
const std::map<std::string, std::vector<std::string>>& expected_columns()
{
  static const std::map<std::string, std::vector<std::string>> k_columns{
      {"users",
       {"id", "login", "name", "email", "crypted_password", "salt", "apikey", "access_level",
        "page_access_level"}},
      {"machines",
       {"id", "hostname", "sync_host_id", "sync_url", "sync_contact", "sync_start", "sync_end",
        "created_at", "updated_at"}},
      {"modeltypes", {"id", "name", "user_id", "created_at", "updated_at"}},
      {"models",
       {"id", "model_name", "revision", "parent_id", "modeltype_id", "created_at", "updated_at"}},
      {"dbfiles",
       {"id", "file_name", "file_path", "md5", "created_user_id", "updated_user_id", "machine_id",
        "container_type", "container_id", "created_at", "updated_at"}},
  };
  return k_columns;
}

std::vector<std::string> list_missing(::pecanctl::postgres::Transaction& transaction)
{
  std::set<std::pair<std::string, std::string>> present;
  for (const auto& row :
       transaction.query("SELECT table_name, column_name FROM "
                         "information_schema.columns WHERE table_schema = 'public'",
                         {})) {
    present.emplace(cell(row, 0), cell(row, 1));
  }
  std::vector<std::string> missing;
  for (const auto& [table, columns] : expected_columns()) {
    const bool has_table = std::ranges::any_of(
        present, [&, name = table](const auto& each) { return each.first == name; });
    if (!has_table) {
      missing.push_back("table " + table);
      continue;
    }
    for (const auto& column : columns) {
      if (!present.contains({table, column})) {
        missing.push_back(fmt::format("{}.{}", table, column));
      }
    }
  }
  return missing;
}

// "63 migrations, the last 20200329233137, md5 9d0f…", which sync compares between sites.
std::string describe_migrations(::pecanctl::postgres::Transaction& transaction)
{
  if (cell(transaction.query("SELECT to_regclass('public.schema_migrations')::text", {}).at(0), 0)
          .empty()) {
    return "no list of migrations";
  }
  const auto row = transaction
                       .query(
                           "SELECT count(*), max(version), md5((SELECT array_agg(version) FROM "
                           "(SELECT version FROM public.schema_migrations ORDER BY version) AS "
                           "v)::text) FROM public.schema_migrations",
                           {})
                       .at(0);
  return cell(row, 0) == "0" ? std::string{"no migrations recorded"}
                             : fmt::format("{} migrations, the last {}, md5 {}", cell(row, 0),
                                           cell(row, 1), cell(row, 2));
}

}  // namespace

Finding consul(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  if (subject.consul_address.empty()) {
    const auto state = find_presence(subject, {.instance = "pecanctl", .owner = "machine"},
                                     "consul", deadline, stop);
    if (!state.reason.empty()) {
      return {.verdict = state.is_deployed ? Verdict::bad : Verdict::skipped,
              .text = state.reason,
              .fix = "pecanctl deploy"};
    }
  }
  const auto client = subject.consul(deadline, stop);
  if (!client->has_leader(deadline, stop)) {
    return {.verdict = Verdict::bad,
            .text = "Consul has no leader",
            .fix = "see its log; a cluster needs most of its servers"};
  }
  try {
    const auto session =
        client->create_session("pecanctl doctor", std::chrono::seconds{10}, deadline, stop);
    client->remove_session(session, deadline, stop);
  } catch (const Error& error) {
    return {.verdict = Verdict::bad,
            .text = fmt::format("cannot make a session, which locks need: {}", error.what()),
            .fix = error.code() == ErrorCode::denied
                       ? "give the token of CONSUL_HTTP_TOKEN the right session:write"
                       : "see Consul's log: its own node must be healthy"};
  }
  return {.text = subject.consul_url(deadline, stop)};
}

Finding postgres(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  if (const auto skipped = skip_unless_present(subject, "postgres", deadline, stop)) {
    return *skipped;
  }
  const auto database = subject.database(deadline, stop);
  const int version = database->server_version() / 10'000;
  std::vector<Finding> findings;
  if (version < k_oldest_postgres) {
    findings.push_back({.verdict = Verdict::bad,
                        .text = fmt::format("PostgreSQL {} is too old", version),
                        .fix = fmt::format("use PostgreSQL {} or newer", k_oldest_postgres)});
  }
  const auto postgis = check_postgis(*database->begin(deadline, stop));
  findings.push_back(postgis);
  if (auto finding = check_triggers(*database, deadline, stop)) {
    findings.push_back(std::move(*finding));
  }
  return combine(findings, fmt::format("PostgreSQL {}, {}", version, postgis.text));
}

Finding schema(const Subject& subject, const Deadline& deadline, const std::stop_token& stop)
{
  const auto database = subject.database(deadline, stop);
  const auto transaction = database->begin(deadline, stop);
  auto missing = list_missing(*transaction);
  if (!missing.empty()) {
    constexpr std::size_t k_shown = 6;
    const auto more = missing.size() > k_shown ? missing.size() - k_shown : 0;
    missing.resize(missing.size() - more);
    return {.verdict = Verdict::bad,
            .text = fmt::format("missing: {}{}", fmt::join(missing, ", "),
                                more == 0 ? "" : fmt::format(" and {} more", more)),
            .fix =
                "pecanctl deploy makes the tables that are missing; a column needs BETY's own "
                "migration"};
  }
  return {.text = fmt::format("{} tables, {}", expected_columns().size(),
                              describe_migrations(*transaction))};
}

}  // namespace pecanctl::inspection::checks
