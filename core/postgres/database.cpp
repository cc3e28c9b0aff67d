// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/database.hpp"

#include <pqxx/pqxx>

#include <utility>

#include <fmt/format.h>

#include "core/postgres/conninfo.hpp"
#include "core/postgres/link.hpp"
#include "core/postgres/watchdog.hpp"

namespace pecanctl::postgres {
namespace {

Row to_row(const pqxx::row& row)
{
  Row values;
  values.reserve(row.size());
  for (const auto& field : row) {
    values.push_back(field.is_null() ? Value{} : Value{std::in_place, field.c_str(), field.size()});
  }
  return values;
}

// What a transaction is part of.
struct Session {
  pqxx::connection_base& connection;
  const Endpoint& endpoint;
  Watchdog& watchdog;
};

// Of libpqxx, `Work` says how it begins and ends.
template <typename Work>
class PqxxTransaction : public Transaction {
 public:
  PqxxTransaction(const Session& session, const Deadline& deadline, std::stop_token stop)
      : connection_{session.connection},
        endpoint_{session.endpoint},
        deadline_{deadline},
        stop_{std::move(stop)},
        watchdog_{session.watchdog},
        watch_{watchdog_, deadline_, stop_},
        work_{guarded([&] { return std::make_unique<Work>(connection_); })}
  {
  }

  PqxxTransaction(const PqxxTransaction&) = delete;
  PqxxTransaction& operator=(const PqxxTransaction&) = delete;

  ~PqxxTransaction() override
  {
    const Watchdog::Scope scope{watchdog_, Watchdog::Call::ending};
    work_.reset();  // rolls back, quietly
  }

  std::vector<Row> query(std::string_view sql, std::span<const Value> parameters) override
  {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& value : parameters) {
      values.push_back(value ? value->c_str() : nullptr);
    }
    const auto result = guarded([&] {
      return work_->exec_params(std::string{sql}, pqxx::prepare::make_dynamic_params(values));
    });
    std::vector<Row> rows;
    rows.reserve(result.size());
    for (const auto& row : result) {
      rows.push_back(to_row(row));
    }
    return rows;
  }

  void execute(std::string_view sql) override
  {
    guarded([&] { return work_->exec(std::string{sql}); });
  }

  void commit() override
  {
    guarded([&] { work_->commit(); });
  }

  std::string quote_name(std::string_view identifier) override
  {
    return work_->quote_name(std::string{identifier});
  }

 private:
  // Runs a call of libpqxx under the watchdog; what it throws leaves as ours.
  template <typename Call>
  auto guarded(Call&& call) -> std::invoke_result_t<Call>
  {
    check_stop(stop_);
    deadline_.check(fmt::format("using {}", describe(endpoint_)));
    try {
      const Watchdog::Scope scope{watchdog_, Watchdog::Call::statement};
      return std::forward<Call>(call)();
    } catch (const pqxx::in_doubt_error& error) {
      throw server_error(endpoint_, fmt::format("unknown whether it happened: {}", error.what()),
                         {}, ErrorCode::failed);
    } catch (const pqxx::insufficient_privilege& error) {
      refuse(error.what(), "42501");  // libpqxx 6.4 loses it here
    } catch (const pqxx::sql_error& error) {
      refuse(error.what(), error.sqlstate());
    } catch (const pqxx::serialization_failure& error) {
      refuse(error.what(), "40001");
    } catch (const pqxx::deadlock_detected& error) {
      refuse(error.what(), "40P01");
    } catch (const pqxx::failure& error) {
      refuse(error.what(), {});
    } catch (const pqxx::usage_error& error) {
      throw Error{
          {.code = ErrorCode::internal, .what = "a transaction is misused", .why = error.what()}};
    }
  }

  [[noreturn]] void refuse(std::string_view message, std::string_view sqlstate)
  {
    const bool is_lost = !connection_.is_open() || sqlstate.empty();
    const bool is_ended = is_lost || sqlstate == "57014";  // query_canceled
    if (is_ended) {
      check_stop(stop_);
      deadline_.check(fmt::format("using {}", describe(endpoint_)));
    }
    throw server_error(endpoint_, message, sqlstate,
                       is_lost ? ErrorCode::unreachable : code_of(sqlstate));
  }

  pqxx::connection_base& connection_;
  const Endpoint& endpoint_;
  const Deadline deadline_;
  const std::stop_token stop_;
  Watchdog& watchdog_;
  const Watchdog::Watch watch_;
  std::unique_ptr<Work> work_;
};

// libpqxx blocks while it connects, and loses the SQLSTATE of a refusal: it takes over the session
// that libpq opened, in time and with the right error.
class TakeOver : public pqxx::connectionpolicy {
 public:
  explicit TakeOver(Link::Session session) : connectionpolicy{{}}, session_{std::move(session)} {}

  handle do_startconnect(handle current) override
  {
    return current == nullptr ? session_.release() : current;
  }

 private:
  Link::Session session_;
};

class Connection : private TakeOver, public pqxx::connection_base {
 public:
  explicit Connection(Link::Session session)
      : TakeOver{std::move(session)},
        connection_base{static_cast<TakeOver&>(*this)}
  {
    try {
      init();
    } catch (...) {
      close();  // no destructor will
      throw;
    }
  }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ~Connection() override { close(); }
};

// libpqxx would open a new session in silence when this one is lost, without its temporary tables
// and locks.
void forbid_reconnect(pqxx::connection_base& connection)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
}

class PqxxDatabase : public Database {
 public:
  PqxxDatabase(Endpoint endpoint, Link::Session session)
      : endpoint_{std::move(endpoint)},
        connection_{std::move(session)},
        quiet_{connection_},
        watchdog_{endpoint_, connection_.backendpid(), connection_.sock()}
  {
    forbid_reconnect(connection_);
  }

  std::unique_ptr<Transaction> begin(const Deadline& deadline, std::stop_token stop) override
  {
    return std::make_unique<PqxxTransaction<pqxx::work>>(session(), deadline, std::move(stop));
  }

  std::unique_ptr<Transaction> look(const Deadline& deadline, std::stop_token stop) override
  {
    return std::make_unique<PqxxTransaction<pqxx::nontransaction>>(session(), deadline,
                                                                   std::move(stop));
  }

  int server_version() override { return connection_.server_version(); }

 private:
  Session session() { return {connection_, endpoint_, watchdog_}; }

  const Endpoint endpoint_;
  Connection connection_;
  pqxx::quiet_errorhandler quiet_;  // notices are not printed
  Watchdog watchdog_;
};

}  // namespace

std::unique_ptr<Database> connect(const Endpoint& endpoint, const Deadline& deadline,
                                  std::stop_token stop)
{
  Link link{endpoint, deadline, stop};
  try {
    return std::make_unique<PqxxDatabase>(endpoint, link.release());
  } catch (const pqxx::failure& error) {
    throw server_error(endpoint, error.what(), {}, ErrorCode::unreachable);
  }
}

}  // namespace pecanctl::postgres
