// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/replication/session.hpp"
#include "core/replication/version_file.hpp"

/// What the database itself says of its tables: nothing about BETY is a list in this program.
/// Names end in `_sql` where they are quoted and may stand in a statement.
namespace pecanctl::replication {

struct Column {
  std::string name = {};
  std::string type = {};
  bool is_required = false;  ///< NOT NULL
  bool has_default = false;
  bool is_generated = false;
};

/// A condition on rows that the database would enforce: over columns of alias `s`.
struct CheckConstraint {
  std::string name = {};
  std::string expression_sql = {};
};

/// A unique index on plain columns other than `id`.
struct UniqueKey {
  std::string name = {};
  std::string match_sql = {};    ///< "s.a = t.a AND s.b = t.b"
  std::string columns_sql = {};  ///< "a, b"
};

/// From a table to `parent` (an index of Catalogue::tables). `s` is the child, `p` the parent.
struct ForeignKey {
  std::string name = {};
  std::string parent = {};
  std::string match_sql = {};     ///< "s.site_id = p.id"
  std::string required_sql = {};  ///< "s.site_id IS NOT NULL"
  /// "site_id", of a reference to the id of `parent`; empty: it is to something else.
  std::string column_sql = {};
  bool is_deferrable = false;
};

struct PlainIndex {
  std::string name_sql = {};
  std::string definition_sql = {};
};

struct Table {
  std::string name = {};
  std::string sql = {};  ///< "public.sites"
  std::vector<Column> columns = {};
  std::vector<CheckConstraint> checks = {};
  std::vector<UniqueKey> keys = {};
  std::vector<ForeignKey> parents = {};
  std::vector<PlainIndex> indexes = {};  ///< neither unique nor of a constraint
  bool has_unique_id = false;
  bool is_ours = false;  ///< the role is (a member of) its owner

  const Column* find(const std::string& column) const;
};

using Tables = std::map<std::string, Table>;  // by name

struct Catalogue {
  Tables tables = {};
  std::vector<std::string> order = {};  ///< parents before children
  SchemaVersion schema = {};            ///< `md5` is empty without a table schema_migrations
  std::vector<std::string> migrations = {};
  int server_major = 0;
  bool is_superuser = false;
};

/// Which migrations made this database; empty without a table schema_migrations.
SchemaVersion read_schema_version(Session& session);

/// Every table of schema public with an integer column `id` that belongs to no extension, but for
/// `sessions`: its columns, neither constraints nor indexes. @throws Error as postgres::Database.
Tables read_tables(Session& session);

/// The same tables with all that is known of them. @throws Error as postgres::Database.
Catalogue read_catalogue(Session& session);

/// Parents before children; a cycle (other than of a table with itself) is cut where the names
/// decide. Pure.
std::vector<std::string> order_tables(const Tables& tables);

/// `text` as a literal of SQL (standard_conforming_strings is on).
std::string quote_literal(std::string_view text);

}  // namespace pecanctl::replication
