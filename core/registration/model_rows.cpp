// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/model_rows.hpp"

#include <span>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/registration/site_database.hpp"

namespace pecanctl::registration {
namespace {

using postgres::Value;
using Parameters = std::vector<Value>;

// Finds a row by its key, and makes it where that is wanted.
class RowMaker {
 public:
  RowMaker(postgres::Transaction& transaction, bool makes)
      : transaction_{transaction},
        makes_{makes}
  {
  }

  /// The row's id; nothing when it is missing and not to be made. `columns` are those of its key.
  Value ensure(const std::string& table, const std::vector<std::string>& columns,
               const Parameters& values)
  {
    for (const auto& value : values) {
      if (!value) {  // what it refers to is missing itself
        missing_.push_back(table);
        return {};
      }
    }
    std::string where;
    std::string names;
    std::string places;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      where += fmt::format("{}{} = ${}", i == 0 ? "" : " AND ", columns[i], i + 1);
      names += fmt::format("{}{}", i == 0 ? "" : ", ", columns[i]);
      places += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    }
    const auto found = transaction_.query(
        fmt::format("SELECT id FROM public.{} WHERE {} ORDER BY id LIMIT 1", table, where), values);
    if (!found.empty()) {
      return found.front().at(0);
    }
    missing_.push_back(table);
    if (!makes_) {
      return {};
    }
    return transaction_
        .query(fmt::format("INSERT INTO public.{} ({}) VALUES ({}) RETURNING id", table, names,
                           places),
               values)
        .at(0)
        .at(0);
  }

  std::vector<std::string> missing() && { return std::move(missing_); }

 private:
  postgres::Transaction& transaction_;
  bool makes_;
  std::vector<std::string> missing_;
};

// One path on one host is one model's: dbfiles is unique over them, and the monitor fails without a
// word.
void refuse_taken_binary(postgres::Transaction& transaction, const ModelInfo& model,
                         const Value& model_row, const Value& machine)
{
  if (!machine) {
    return;
  }
  const auto taken = transaction.query(
      "SELECT d.container_type, coalesce(m.model_name, ''), coalesce(m.revision, '') "
      "FROM public.dbfiles d LEFT JOIN public.models m "
      "ON d.container_type = 'Model' AND m.id = d.container_id "
      "WHERE d.file_name = $1 AND d.file_path = $2 AND d.machine_id = $3::bigint "
      "AND NOT (d.container_type = 'Model' AND d.container_id = coalesce($4::bigint, -1))",
      Parameters{Value{model.file_name()}, Value{model.file_path()}, machine, model_row});
  if (taken.empty()) {
    return;
  }
  const auto& row = taken.front();
  throw Error{{.code = ErrorCode::conflict,
               .what = fmt::format("cannot register {}", model.queue()),
               .why = row.at(0) == "Model"
                          ? fmt::format("{} belongs to model {} version {}", model.binary,
                                        row.at(1).value_or(""), row.at(2).value_or(""))
                          : fmt::format("{} is a file of kind {} in BETY", model.binary,
                                        row.at(0).value_or("?")),
               .hint = "put the version into the name of the binary: BETY keeps one model a path",
               .has_changed_nothing = true}};
}

std::vector<std::string> go_through_rows(postgres::Transaction& transaction,
                                         const std::string& host, const ModelInfo& model,
                                         bool makes)
{
  RowMaker rows{transaction, makes};
  const auto machine = rows.ensure("machines", {"hostname"}, {Value{host}});
  const auto type = rows.ensure("modeltypes", {"name"}, {Value{model.type}});
  const auto row = rows.ensure("models", {"model_name", "modeltype_id", "revision"},
                               {Value{model.name}, type, Value{model.version}});
  refuse_taken_binary(transaction, model, row, machine);
  rows.ensure("dbfiles", {"container_type", "container_id", "file_name", "file_path", "machine_id"},
              {Value{"Model"}, row, Value{model.file_name()}, Value{model.file_path()}, machine});
  return std::move(rows).missing();
}

}  // namespace

std::vector<std::string> find_missing_rows(postgres::Database& database, const std::string& host,
                                           const ModelInfo& model, const Deadline& deadline,
                                           const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  require_tables(*transaction);
  return go_through_rows(*transaction, host, model, false);
}

std::vector<std::string> add_missing_rows(postgres::Database& database, const std::string& host,
                                          const ModelInfo& model, const Deadline& deadline,
                                          const std::stop_token& stop)
{
  if (find_missing_rows(database, host, model, deadline, stop).empty()) {
    return {};
  }
  const auto transaction = database.begin(deadline, stop);
  // A monitor that hears of the model now waits, and then finds the rows.
  transaction->execute(
      "LOCK TABLE public.machines, public.modeltypes, public.models, public.dbfiles IN SHARE ROW "
      "EXCLUSIVE MODE");
  auto added = go_through_rows(*transaction, host, model, true);
  failpoint("register.rows");
  transaction->commit();
  return added;
}

}  // namespace pecanctl::registration
