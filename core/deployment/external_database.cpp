// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/external_database.hpp"

#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/deployment/bety_database.hpp"

namespace pecanctl::deployment {
namespace {

constexpr std::array<std::string_view, 4> k_own_tables{"machines", "modeltypes", "models",
                                                       "dbfiles"};
constexpr std::array<std::string_view, 3> k_bety_tables{"users", "sites", "schema_migrations"};

struct Rights {
  bool has_bety = false;  // the role
  bool makes_roles = false;
  bool makes_databases = false;
};

Rights look_at_rights(postgres::Transaction& transaction)
{
  const auto rows = transaction.query(
      "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bety' AND rolcanlogin), rolsuper OR "
      "rolcreaterole, rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user",
      {});
  const auto& row = rows.at(0);
  return {.has_bety = row.at(0) == "t",
          .makes_roles = row.at(1) == "t",
          .makes_databases = row.at(2) == "t"};
}

std::vector<std::string> list_missing_tables(postgres::Transaction& transaction, bool needs_bety)
{
  std::vector<std::string> missing;
  const auto look = [&](std::string_view table) {
    const std::array<postgres::Value, 1> parameters{fmt::format("public.{}", table)};
    if (!transaction.query("SELECT to_regclass($1)", parameters).at(0).at(0)) {
      missing.emplace_back(table);
    }
  };
  for (const auto table : k_own_tables) {
    look(table);
  }
  if (needs_bety) {
    for (const auto table : k_bety_tables) {
      look(table);
    }
  }
  return missing;
}

[[noreturn]] void refuse_database(const ExternalDatabase& database, ErrorCode code, std::string why,
                                  std::string hint)
{
  throw Error{{.code = code,
               .what = fmt::format("cannot use the external database {}", database.url),
               .why = std::move(why),
               .hint = std::move(hint),
               .has_changed_nothing = true}};
}

std::unique_ptr<postgres::Database> connect_as(const ExternalDatabase& database,
                                               const ExternalDatabase::Connect& connect,
                                               std::string_view secret, std::string_view role,
                                               const Deadline& deadline,
                                               const std::stop_token& stop)
{
  try {
    return connect(deadline, stop);
  } catch (const Error& error) {
    std::string hint = "see that it runs and that this machine may reach it";
    if (error.code() == ErrorCode::denied) {
      hint = fmt::format(
          "put the password of role {1} in secrets/{0}, or where `secrets: {{{0}: "
          "…}}` says",
          secret, role);
    } else if (error.code() == ErrorCode::not_found) {
      hint = "make an empty one there: CREATE DATABASE";
    }
    refuse_database(database, error.code(), error.info().why, std::move(hint));
  }
}

// An interrupted load of ours may have left no database at all.
bool is_being_loaded(const ExternalDatabase& database, const Deadline& deadline,
                     const std::stop_token& stop)
{
  try {
    const auto server = database.connect_server(deadline, stop);
    return is_load_unfinished(*server->begin(deadline, stop), database.load_mark);
  } catch (const Error&) {
    return false;  // the database itself says more
  }
}

// It may be filled by us, or it may not.
void require_room_for_tables(const ExternalDatabase& database, postgres::Transaction& transaction,
                             const Rights& rights, const std::vector<std::string>& missing)
{
  if (const auto rows = describe_rows(transaction); !rows.empty()) {
    refuse_database(
        database, ErrorCode::conflict,
        fmt::format("it has data ({}), and lacks the tables {}", rows, fmt::join(missing, ", ")),
        "name one with BETY's tables, or an empty one");
  }
  if (database.needs_bety && !(rights.makes_roles && rights.makes_databases)) {
    refuse_database(database, ErrorCode::denied,
                    fmt::format("it lacks the tables {}, and role {} may not load them: that takes "
                                "CREATEDB and CREATEROLE",
                                fmt::join(missing, ", "), database.user),
                    "load BETY's data there yourself, or name a role that may");
  }
}

}  // namespace

void require_external_database(const ExternalDatabase& database, const Deadline& deadline,
                               const std::stop_token& stop)
{
  if (is_being_loaded(database, deadline, stop)) {
    return;
  }
  const auto session =
      connect_as(database, database.connect, "postgres", database.user, deadline, stop);
  const auto transaction = session->begin(deadline, stop);
  const auto rights = look_at_rights(*transaction);
  if (rights.has_bety) {
    connect_as(database, database.connect_bety, "bety", "bety", deadline, stop);
  } else if (!rights.makes_roles) {
    refuse_database(database, ErrorCode::denied,
                    fmt::format("it has no role bety, and role {} may not make one", database.user),
                    "CREATE ROLE bety LOGIN PASSWORD '…' there, with the password in secrets/bety");
  }
  const auto missing = list_missing_tables(*transaction, database.needs_bety);
  if (!missing.empty()) {
    require_room_for_tables(database, *transaction, rights, missing);
  }
}

}  // namespace pecanctl::deployment
