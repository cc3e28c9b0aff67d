// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::postgres {

struct Endpoint {
  std::string host = "127.0.0.1";  ///< a folder name means a Unix socket
  int port = 5432;
  std::string database = "bety";
  std::string user = "postgres";
  Secret password = {};
};

using Value = std::optional<std::string>;  ///< text form; nothing is NULL
using Row = std::vector<Value>;

/// An open transaction; rolled back unless committed. The deadline and the stop token it was begun
/// with end each call.
class Transaction {
 public:
  virtual ~Transaction() = default;
  /// One statement with `$1`… parameters; returns its rows.
  virtual std::vector<Row> query(std::string_view sql, std::span<const Value> parameters) = 0;
  /// Any number of statements, no parameters, no rows.
  virtual void execute(std::string_view sql) = 0;
  /// @throws Error failed with "unknown whether it happened" in `why` when the answer was lost.
  virtual void commit() = 0;
  /// `identifier` quoted for SQL.
  virtual std::string quote_name(std::string_view identifier) = 0;
};

/// One PostgreSQL session over libpqxx. Never reconnects silently. Not thread-safe.
/// Errors: unreachable (08xxx, 57Pxx, no connection), denied (28xxx, 42501), not_found (3D000),
/// conflict (23xxx), timeout (57014 by our deadline), failed (others; `why` has the server's text
/// and SQLSTATE). Cancelled.
class Database {
 public:
  virtual ~Database() = default;
  virtual std::unique_ptr<Transaction> begin(const Deadline& deadline, std::stop_token stop) = 0;
  /// For questions: each statement is a transaction of its own, a third of the round trips of one
  /// that is begun and ended. One open transaction at a time, of either kind.
  virtual std::unique_ptr<Transaction> look(const Deadline& deadline, std::stop_token stop) = 0;
  /// Server version as a number, 150020 for 15.20.
  virtual int server_version() = 0;
};

/// @throws Error unreachable, denied, not_found (no such database), timeout. Cancelled.
std::unique_ptr<Database> connect(const Endpoint& endpoint, const Deadline& deadline,
                                  std::stop_token stop);

}  // namespace pecanctl::postgres
