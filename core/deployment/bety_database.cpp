// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/bety_database.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/base/legacy_digest.hpp"

namespace pecanctl::deployment {
namespace {

using postgres::Value;

constexpr std::int64_t k_ids_of_a_site = 1'000'000'000;

// Every sequence that gives ids, and its table.
constexpr std::string_view k_id_sequences = R"(
SELECT format('%I.%I', sn.nspname, s.relname) AS seq, format('%I.%I', tn.nspname, t.relname) AS tab
FROM pg_catalog.pg_class s
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = s.oid
  AND d.classid = 'pg_catalog.pg_attrdef'::regclass
JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attname = 'id'
JOIN pg_catalog.pg_class t ON t.oid = f.adrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace AND tn.nspname = 'public'
WHERE s.relkind = 'S')";

std::int64_t number_of(const Value& value)
{
  std::int64_t number = 0;
  const auto text = value.value_or("0");
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_true(postgres::Transaction& transaction, std::string_view sql,
             std::span<const Value> parameters = {})
{
  return transaction.query(sql, parameters).at(0).at(0) == "t";
}

}  // namespace

bool has_bety_tables(postgres::Transaction& transaction)
{
  // The first look must not name tables that may not be there.
  return is_true(transaction,
                 "SELECT to_regclass('public.users') IS NOT NULL AND "
                 "to_regclass('public.sites') IS NOT NULL AND "
                 "to_regclass('public.schema_migrations') IS NOT NULL") &&
         is_true(transaction, "SELECT EXISTS (SELECT FROM public.schema_migrations)");
}

bool has_bety(postgres::Transaction& transaction, std::string_view mark)
{
  return has_bety_tables(transaction) && !is_load_unfinished(transaction, mark);
}

bool is_load_unfinished(postgres::Transaction& transaction, std::string_view mark)
{
  const std::array<Value, 1> parameters{std::string{mark}};
  return is_true(transaction, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)",
                 parameters);
}

void mark_load(postgres::Transaction& transaction, bool is_under_way, std::string_view mark)
{
  const auto name = transaction.quote_name(mark);
  transaction.execute(fmt::format("DROP ROLE IF EXISTS {}", name));
  if (is_under_way) {
    transaction.execute(fmt::format("CREATE ROLE {} NOLOGIN", name));
  }
}

std::string describe_rows(postgres::Transaction& transaction)
{
  const auto rows = transaction.query(
      "SELECT name, n FROM (SELECT CASE s.nspname WHEN 'public' THEN c.relname::text ELSE "
      "format('%s.%s', s.nspname, c.relname) END AS name, (xpath('//n/text()', query_to_xml(format("
      "'SELECT count(*) AS n FROM %I.%I', s.nspname, c.relname), true, false, "
      "'')))[1]::text::bigint AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace "
      "WHERE s.nspname NOT LIKE 'pg\\_%' AND s.nspname <> 'information_schema' AND c.relkind = 'r' "
      "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')) AS "
      "counted WHERE n > 0 ORDER BY n DESC, name LIMIT 5",
      {});
  std::string text;
  for (const auto& row : rows) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", row.at(0).value_or(""),
                        row.at(1).value_or(""));
  }
  return text;
}

void set_bety_password(postgres::Transaction& transaction, const Secret& password)
{
  // As a parameter and never as text of a statement: server logs show statements.
  const std::array<Value, 1> parameters{password.reveal()};
  transaction.query("SELECT set_config('pecanctl.password', $1, true)", parameters);
  transaction.execute(
      "DO $$ BEGIN EXECUTE format('ALTER ROLE bety LOGIN PASSWORD %L', "
      "current_setting('pecanctl.password')); END $$");
}

std::string migrated_version(postgres::Transaction& transaction)
{
  const auto rows = transaction.query(
      "SELECT substring(obj_description('public.schema_migrations'::regclass, 'pg_class') FROM "
      "'^pecanctl: migrated by (.*)$')",
      {});
  return rows.at(0).at(0).value_or("");
}

void remember_migration(postgres::Transaction& transaction, const std::string& version)
{
  const std::array<Value, 1> parameters{"pecanctl: migrated by " + version};
  transaction.query("SELECT set_config('pecanctl.version', $1, true)", parameters);
  transaction.execute(
      "DO $$ BEGIN EXECUTE format('COMMENT ON TABLE public.schema_migrations IS %L', "
      "current_setting('pecanctl.version')); END $$");
}

int count_stray_sequences(postgres::Transaction& transaction, std::int64_t site)
{
  const auto first = site * k_ids_of_a_site + 1;
  const auto rows = transaction.query(
      fmt::format("SELECT count(*) FROM ({}) AS ids WHERE (xpath('//n/text()', query_to_xml("
                  "'SELECT last_value + is_called::int AS n FROM ' || seq, true, false, ''))"
                  ")[1]::text::bigint NOT BETWEEN {} AND {}",
                  k_id_sequences, first, first + k_ids_of_a_site - 2),
      {});
  return static_cast<int>(number_of(rows.at(0).at(0)));
}

void move_sequences(postgres::Transaction& transaction, std::int64_t site)
{
  const auto first = site * k_ids_of_a_site + 1;
  transaction.execute(fmt::format(R"(DO $move$
DECLARE ids record; top bigint; next bigint;
BEGIN
  FOR ids IN {} LOOP
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', ids.tab);
    EXECUTE format('SELECT max(id) FROM %s WHERE id BETWEEN {} AND {}', ids.tab) INTO top;
    EXECUTE format('SELECT last_value + is_called::int FROM %s', ids.seq) INTO next;
    IF next NOT BETWEEN coalesce(top + 1, {}) AND {} THEN
      EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', ids.seq, coalesce(top + 1, {}));
    END IF;
  END LOOP;
END $move$)",
                                  k_id_sequences, first, first + k_ids_of_a_site - 2, first,
                                  first + k_ids_of_a_site - 2, first));
}

bool has_user(postgres::Transaction& transaction, const std::string& login)
{
  const std::array<Value, 1> parameters{login};
  return is_true(transaction, "SELECT EXISTS (SELECT FROM public.users WHERE login = $1)",
                 parameters);
}

void add_user(postgres::Transaction& transaction, const BetyUser& user, const Secret& key)
{
  const std::array<Value, 6> parameters{user.login,
                                        user.name,
                                        user.email,
                                        bety_password_digest(user.login, user.password, key),
                                        std::to_string(user.access_level),
                                        std::to_string(user.page_access_level)};
  transaction.query(
      "INSERT INTO public.users (login, name, email, crypted_password, salt, access_level, "
      "page_access_level, created_at, updated_at) SELECT $1::text, $2, $3, $4, $1::text, "
      "$5::int, $6::int, now(), now() WHERE NOT EXISTS (SELECT FROM public.users WHERE login = "
      "$1::text)",
      parameters);
}

bool has_inputs(postgres::Transaction& transaction, const std::string& host)
{
  const std::array<Value, 1> parameters{host};
  return is_true(transaction,
                 "SELECT EXISTS (SELECT FROM public.dbfiles f JOIN public.machines m ON m.id = "
                 "f.machine_id WHERE m.hostname = $1 AND f.container_type = 'Input')",
                 parameters);
}

}  // namespace pecanctl::deployment
