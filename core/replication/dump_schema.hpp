// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::replication {

struct DumpColumn {
  std::string name = {};
  std::string type = {};  ///< as PostgreSQL prints it, "public." taken off

  bool operator==(const DumpColumn&) const = default;
};

/// What a dump's `.schema` member says. It is read, never run.
struct DumpSchema {
  std::map<std::string, std::vector<DumpColumn>> tables = {};  ///< columns in the order of the rows
  int server_major = 0;                                        ///< of PostgreSQL; 0: not said
};

/// Reads the output of `pg_dump -s`: its CREATE TABLE statements of schema public, and which
/// version it is from. All else is passed over, psql's own commands too.
DumpSchema parse_dump_schema(std::string_view text);

}  // namespace pecanctl::replication
