// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"

namespace pecanctl::postgres {

/// A session for COPY over libpq, which moves rows several times faster than libpqxx. Errors as
/// Database.
class CopySession {
 public:
  virtual ~CopySession() = default;
  /// Runs statements (BEGIN, CREATE TEMP TABLE, COMMIT).
  virtual void execute(std::string_view sql, const Deadline& deadline, std::stop_token stop) = 0;
  /// One statement with `$1`… parameters; returns its rows.
  virtual std::vector<Row> query(std::string_view sql, std::span<const Value> parameters,
                                 const Deadline& deadline, std::stop_token stop) = 0;
  /// Statements that end a transaction whose outcome must be known.
  /// @throws Error failed with "unknown whether it happened" in `why` when the answer was lost.
  virtual void commit(const Deadline& deadline, std::stop_token stop) = 0;
  /// `COPY … FROM STDIN`: `source` gives the next block, empty ends it. Returns rows. When `source`
  /// throws, the COPY is aborted on the server and the exception leaves.
  virtual std::uint64_t copy_in(std::string_view sql,
                                const std::function<std::string_view()>& source,
                                const Deadline& deadline, std::stop_token stop) = 0;
  /// `COPY … TO STDOUT`: `sink` takes each row, with its line end in text format, as it arrives.
  /// Returns rows.
  virtual std::uint64_t copy_out(std::string_view sql,
                                 const std::function<void(std::string_view)>& sink,
                                 const Deadline& deadline, std::stop_token stop) = 0;
};

/// @throws Error as Database: unreachable, denied, not_found, timeout. Cancelled.
std::unique_ptr<CopySession> connect_copy(const Endpoint& endpoint, const Deadline& deadline,
                                          std::stop_token stop);

}  // namespace pecanctl::postgres
