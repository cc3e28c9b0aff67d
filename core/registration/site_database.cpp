// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/site_database.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::registration {
namespace {

using postgres::Row;
using postgres::Value;

// The default of a column names its sequence; a column that is an identity owns it.
constexpr std::string_view k_find_sequences = R"(
SELECT DISTINCT format('%I.%I', sn.nspname, s.relname), format('%I.%I', tn.nspname, t.relname)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
JOIN pg_catalog.pg_depend p ON
  (p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
   AND p.refclassid = 'pg_catalog.pg_class'::regclass)
  OR (p.classid = 'pg_catalog.pg_class'::regclass AND p.deptype = 'i' AND p.refobjid = t.oid
      AND p.refobjsubid = a.attnum AND p.refclassid = 'pg_catalog.pg_class'::regclass)
JOIN pg_catalog.pg_class s ON s.relkind = 'S'
  AND s.oid = CASE WHEN p.deptype = 'i' THEN p.objid ELSE p.refobjid END
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
WHERE tn.nspname = 'public' AND a.attname = 'id' AND NOT a.attisdropped
ORDER BY 1, 2)";

std::int64_t to_number(const Value& value)
{
  std::int64_t number = 0;
  const auto& text = value.value();
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<std::int64_t> find_number(const Value& value)
{
  return value ? std::optional{to_number(value)} : std::nullopt;
}

Value to_value(const std::optional<std::int64_t>& number)
{
  return number ? Value{std::to_string(*number)} : Value{};
}

Value to_value(const std::string& text)
{
  return text.empty() ? Value{} : Value{text};
}

// One statement for all of them: `part` gives the SELECT of one, its index first.
template <typename Part>
std::vector<Row> query_each(postgres::Transaction& transaction,
                            const std::vector<SequenceState>& sequences, Part part)
{
  std::string sql;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    sql += (sql.empty() ? "" : " UNION ALL ") + part(i, sequences[i]);
  }
  return sql.empty() ? std::vector<Row>{} : transaction.query(sql, {});
}

std::string next_of(const SequenceState& sequence)
{
  return fmt::format("(SELECT last_value + is_called::int FROM {})", sequence.name);
}

void move_sequences(postgres::Transaction& transaction, const SitePlan& plan)
{
  std::set<std::string> tables;
  std::set<std::string> names;
  for (const auto& move : plan.moves) {
    if (tables.insert(move.table).second) {
      transaction.execute(fmt::format("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", move.table));
    }
  }
  std::vector<SequenceState> sequences;
  for (const auto& move : plan.moves) {
    sequences.push_back({.name = move.name, .table = move.table});
  }
  // Looked at again: somebody may have inserted before the lock.
  const auto range = range_of(plan.choice.id);
  look_at_range(transaction, range, sequences);
  for (auto& sequence : sequences) {
    const auto fresh = transaction.query("SELECT " + next_of(sequence), {});
    sequence.next = to_number(fresh.at(0).at(0));
    if (const auto next = next_in_range(sequence, range)) {
      transaction.execute(fmt::format("ALTER SEQUENCE {} RESTART WITH {}", sequence.name, *next));
    }
  }
}

void write_machine(postgres::Transaction& transaction, const MachineRow& machine)
{
  const std::array<Value, 6> values{to_value(machine.site),    to_value(machine.url),
                                    to_value(machine.contact), to_value(machine.first),
                                    to_value(machine.last),    Value{machine.hostname}};
  if (machine.row == 0) {
    transaction.query(
        "INSERT INTO public.machines (sync_host_id, sync_url, sync_contact, sync_start, sync_end, "
        "hostname) VALUES ($1::bigint, $2, $3, $4::bigint, $5::bigint, $6)",
        values);
    return;
  }
  transaction.query(
      "UPDATE public.machines SET sync_host_id = $1::bigint, sync_url = $2, sync_contact = $3, "
      "sync_start = $4::bigint, sync_end = $5::bigint WHERE hostname = $6",
      values);
}

}  // namespace

void require_tables(postgres::Transaction& transaction)
{
  const auto rows = transaction.query("SELECT to_regclass('public.machines') IS NOT NULL", {});
  if (rows.at(0).at(0) != "t") {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "cannot register",
                 .why = "the database bety has no table machines",
                 .hint = "set it up: pecanctl deploy",
                 .has_changed_nothing = true}};
  }
}

std::vector<MachineRow> list_machines(postgres::Transaction& transaction, const std::string& host)
{
  const std::array<Value, 1> parameters{host};
  std::vector<MachineRow> machines;
  for (const auto& row : transaction.query(
           "SELECT id, hostname, sync_host_id, sync_url, sync_contact, sync_start, sync_end FROM "
           "public.machines WHERE hostname = $1 OR sync_host_id IS NOT NULL ORDER BY id",
           parameters)) {
    machines.push_back({.row = to_number(row.at(0)),
                        .hostname = row.at(1).value(),
                        .site = find_number(row.at(2)),
                        .url = row.at(3).value_or(""),
                        .contact = row.at(4).value_or(""),
                        .first = find_number(row.at(5)),
                        .last = find_number(row.at(6))});
  }
  return machines;
}

std::vector<SequenceState> list_sequences(postgres::Transaction& transaction)
{
  std::vector<SequenceState> sequences;
  for (const auto& row : transaction.query(k_find_sequences, {})) {
    sequences.push_back({.name = row.at(0).value(), .table = row.at(1).value()});
  }
  const auto rows = query_each(transaction, sequences, [](std::size_t i, const auto& sequence) {
    return fmt::format("SELECT {}, {}", i, next_of(sequence));
  });
  for (const auto& row : rows) {
    sequences.at(static_cast<std::size_t>(to_number(row.at(0)))).next = to_number(row.at(1));
  }
  return sequences;
}

void look_at_range(postgres::Transaction& transaction, const IdRange& range,
                   std::vector<SequenceState>& sequences)
{
  const auto rows = query_each(transaction, sequences, [&](std::size_t i, const auto& sequence) {
    return fmt::format("SELECT {}, (SELECT max(id) FROM {} WHERE id BETWEEN {} AND {})", i,
                       sequence.table, range.first, range.last);
  });
  for (const auto& row : rows) {
    sequences.at(static_cast<std::size_t>(to_number(row.at(0)))).highest = find_number(row.at(1));
  }
}

std::map<std::string, std::int64_t> count_rows(postgres::Transaction& transaction, SiteId site,
                                               const std::string& host,
                                               const std::vector<SequenceState>& sequences)
{
  const auto range = range_of(site);
  const auto rows = query_each(transaction, sequences, [&](std::size_t i, const auto& sequence) {
    return fmt::format("SELECT {}, (SELECT count(*) FROM {} WHERE id BETWEEN {} AND {})", i,
                       sequence.table, range.first - 1, range.last);
  });
  const std::array<Value, 3> own{Value{host}, Value{std::to_string(range.first - 1)},
                                 Value{std::to_string(range.last)}};
  const bool has_own_row = !transaction
                                .query(
                                    "SELECT 1 FROM public.machines WHERE hostname = $1 AND id "
                                    "BETWEEN $2::bigint AND $3::bigint",
                                    own)
                                .empty();
  std::map<std::string, std::int64_t> counts;
  for (const auto& row : rows) {
    auto table = sequences.at(static_cast<std::size_t>(to_number(row.at(0)))).table;
    table = table.substr(table.find('.') + 1);
    const auto count = to_number(row.at(1)) - (has_own_row && table == "machines" ? 1 : 0);
    if (count > 0) {
      counts[table] = count;
    }
  }
  return counts;
}

std::optional<SiteId> find_numbered(const std::vector<SequenceState>& sequences)
{
  auto found = std::ranges::find(sequences, "public.users", &SequenceState::table);
  found = found == sequences.end() ? sequences.begin() : found;
  return found == sequences.end() ? std::nullopt : std::optional{site_of(found->next)};
}

void write_site(postgres::Transaction& transaction, const SitePlan& plan)
{
  move_sequences(transaction, plan);  // first: a new row of machines is to get an id of the range
  for (const auto& row : plan.cleared) {
    write_machine(transaction, row);
  }
  if (plan.machine) {
    write_machine(transaction, *plan.machine);
  }
  if (plan.machine && plan.renumbers_machine) {
    const std::array<Value, 1> host{plan.machine->hostname};
    transaction.query("UPDATE public.machines SET id = DEFAULT WHERE hostname = $1", host);
  }
}

}  // namespace pecanctl::registration
