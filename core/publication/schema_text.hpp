// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "core/postgres/database.hpp"

namespace pecanctl::publication {

/// The database's schema as SQL that psql runs on an empty database: the member <md5>.schema of a
/// dump. Written from the catalogue, since pg_dump must be there, of the server's version, and puts
/// a random word into what it writes. In the form of pg_dump -s -O -x (a column a line, complete
/// names), so that readers of either read both. The same schema gives the same text.
std::string read_schema_text(postgres::Transaction& transaction);

}  // namespace pecanctl::publication
