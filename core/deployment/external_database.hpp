// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"

namespace pecanctl::deployment {

/// A database that is somebody else's, and what a deploy expects of it.
struct ExternalDatabase {
  using Connect =
      std::function<std::unique_ptr<postgres::Database>(const Deadline&, const std::stop_token&)>;

  std::string url = {};         ///< without a password
  std::string user = {};        ///< whom `connect` logs in as
  Connect connect = {};         ///< to the database itself
  Connect connect_bety = {};    ///< the same as its role `bety`, with the instance's secret
  Connect connect_server = {};  ///< to the server's database `postgres`
  bool needs_bety = false;      ///< all of BETY's tables, not just those that pecanctl uses itself
  std::string load_mark = {};
};

/// Looks whether `database` can be used: it answers, lets both roles in, and either has the tables
/// that are needed or is empty and may be filled by us. Changes nothing.
/// @throws Error unreachable, denied, not_found (no such database), conflict: it has data of
/// another kind, with what is missing; all with a hint
void require_external_database(const ExternalDatabase& database, const Deadline& deadline,
                               const std::stop_token& stop);

}  // namespace pecanctl::deployment
