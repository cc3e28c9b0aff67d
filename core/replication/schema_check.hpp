// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "core/replication/catalogue.hpp"
#include "core/replication/unpack.hpp"

namespace pecanctl::replication {

struct SchemaTolerance {
  bool is_trusted = false;    ///< the users of the dump come as they are
  bool allows_drift = false;  ///< the schemas may differ, where columns can be matched by name
};

/// Whether the rows of a dump can be rows here: the same migrations, tables and columns, or such as
/// can be told apart by their names. Returns the differences, for people.
/// @throws Error invalid: they cannot, or may not.
std::vector<std::string> check_dump_schema(const Unpacked& dump, const Catalogue& catalogue,
                                           const SchemaTolerance& tolerance);

}  // namespace pecanctl::replication
