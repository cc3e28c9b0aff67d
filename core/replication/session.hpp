// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/postgres/copy.hpp"

namespace pecanctl::replication {

/// A PostgreSQL session with the limits that every call of one sync shares.
class Session {
 public:
  /// `connecting` may be sooner than `deadline`. @throws Error as postgres::connect_copy.
  Session(const postgres::Endpoint& endpoint, const Deadline& connecting, const Deadline& deadline,
          std::stop_token stop)
      : deadline_{deadline},
        stop_{std::move(stop)},
        copy_{postgres::connect_copy(endpoint, connecting, stop_)}
  {
  }

  Session(const postgres::Endpoint& endpoint, const Deadline& deadline, std::stop_token stop)
      : Session{endpoint, deadline, deadline, std::move(stop)}
  {
  }

  void run(std::string_view sql) { copy_->execute(sql, deadline_, stop_); }

  std::vector<postgres::Row> query(std::string_view sql,
                                   const std::vector<postgres::Value>& parameters = {})
  {
    return copy_->query(sql, parameters, deadline_, stop_);
  }

  /// The first value of the first row; empty when it is NULL or there is none.
  std::string ask(std::string_view sql, const std::vector<postgres::Value>& parameters = {})
  {
    const auto rows = query(sql, parameters);
    return rows.empty() ? std::string{} : rows.front().front().value_or(std::string{});
  }

  void commit() { copy_->commit(deadline_, stop_); }

  std::uint64_t copy_in(std::string_view sql, const std::function<std::string_view()>& source)
  {
    return copy_->copy_in(sql, source, deadline_, stop_);
  }

  std::uint64_t copy_out(std::string_view sql, const std::function<void(std::string_view)>& sink)
  {
    return copy_->copy_out(sql, sink, deadline_, stop_);
  }

  const std::stop_token& stop() const { return stop_; }

  const Deadline& deadline() const { return deadline_; }

 private:
  Deadline deadline_;
  std::stop_token stop_;
  std::unique_ptr<postgres::CopySession> copy_;
};

}  // namespace pecanctl::replication
