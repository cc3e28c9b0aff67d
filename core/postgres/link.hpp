// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include <libpq-fe.h>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"
#include "core/postgres/conninfo.hpp"
#include "core/postgres/database.hpp"

// Private to this folder: libpq without blocking.
namespace pecanctl::postgres {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};

using Result = std::unique_ptr<PGresult, FreeResult>;

/// A connection whose waits end at once when a stop is requested, and with the deadline. When a
/// wait ends so, the statement is cancelled on the server and the link is of no use any more. Not
/// thread-safe. Host names are looked up by the system's resolver, which heeds neither.
class Link {
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

 public:
  using Session = std::unique_ptr<PGconn, Close>;

  /// @throws Error as Database. Cancelled.
  Link(Endpoint endpoint, const Deadline& deadline, const std::stop_token& stop);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  PGconn* get() const { return connection_.get(); }

  /// Sends `sql` and returns the last result, or the first that is an error or begins a COPY.
  Result execute(const std::string& sql, const Deadline& deadline, const std::stop_token& stop);
  /// The same with `$1`… parameters: one statement.
  Result execute(const std::string& sql, std::span<const Value> parameters,
                 const Deadline& deadline, const std::stop_token& stop);
  /// The next result of what was sent; nothing when there is none left.
  Result next_result(const Deadline& deadline, const std::stop_token& stop);
  /// Sends what libpq holds back.
  void flush(const Deadline& deadline, const std::stop_token& stop);
  /// Until the server has sent something, or (with `POLLOUT`) takes something; reads what is there.
  void wait_for_input(short events, const Deadline& deadline, const std::stop_token& stop);
  /// Cancels what runs on the server and closes this link.
  void abandon() noexcept;

  /// Gives up the session, which blocks from now on. @throws Error unreachable
  Session release();

  bool is_usable() const { return connection_ && PQstatus(get()) == CONNECTION_OK; }

  /// @throws Error when `result` is one, else returns.
  void check(const Result& result) const;
  /// From the connection's last error.
  [[noreturn]] void fail() const;

 private:
  void connect(const Deadline& deadline, const std::stop_token& stop);
  short wait(short events, const Deadline& deadline, const std::stop_token& stop);
  void require_usable() const;
  Result take_results(const Deadline& deadline, const std::stop_token& stop);

  Endpoint endpoint_;
  Fd wake_;             ///< an eventfd: a stop request makes it readable
  Session connection_;  ///< empty when abandoned or released
};

/// Asks the server, over a new connection, to cancel what backend `pid` runs. Unlike PQcancel this
/// does not hang when the server hangs: it takes a second at most. Failing is silent: whoever calls
/// this closes the session next.
void cancel_backend(const Endpoint& endpoint, int pid) noexcept;

}  // namespace pecanctl::postgres
