// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/replication/catalogue.hpp"
#include "core/replication/dialect.hpp"
#include "core/replication/dump_schema.hpp"

namespace pecanctl::replication {

/// How the rows of a table in a dump become rows here: which columns they have, in which order, and
/// what is done to users.
class Shape {
 public:
  /// `dump` are the columns of the rows, in order.
  Shape(const Table& table, const std::vector<DumpColumn>& dump, bool is_trusted);

  /// Differences that make the rows useless here: a type, or a column here that needs a value.
  const std::vector<std::string>& obstacles() const { return obstacles_; }

  /// All differences, for people: "only the dump has sites.soil".
  const std::vector<std::string>& differences() const { return differences_; }

  /// The columns that are taken, in order, quoted for SQL: "id, name".
  std::string columns_sql() const;

  /// The same columns but `id`, each set to that of the relation `from`: "name = n.name".
  std::string assignments_sql(std::string_view from) const;

  std::size_t fields() const { return fields_; }

  std::size_t id_field() const { return id_field_; }

  /// The row as it belongs here; valid until the next call.
  std::string_view transform(std::string_view row);

 private:
  void map(const Table& table, const std::vector<DumpColumn>& dump);
  void find_missing(const Table& table);
  void clamp(std::vector<Field>& values, const std::string& id) const;

  std::vector<std::string> names_;      // of the columns that are taken
  std::vector<std::size_t> positions_;  // of them in the dump's row
  std::vector<std::string> obstacles_;
  std::vector<std::string> differences_;
  std::size_t fields_ = 0;
  std::size_t id_field_ = 0;
  bool is_verbatim_ = true;  // rows are taken as they are
  bool is_clamped_ = false;
  std::string text_;
};

}  // namespace pecanctl::replication
