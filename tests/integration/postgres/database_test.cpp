// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/database.hpp"

#include <doctest/doctest.h>

#include <signal.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/postgres/test_database.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using namespace std::chrono_literals;
using postgres::Value;

namespace {

std::unique_ptr<postgres::Database> connect()
{
  return postgres::connect(endpoint(), soon(), {});
}

std::string single(postgres::Transaction& transaction, std::string_view sql)
{
  return transaction.query(sql, {}).at(0).at(0).value_or("NULL");
}

int backend_of(postgres::Database& database)
{
  return std::stoi(single(*database.begin(soon(), {}), "SELECT pg_backend_pid()"));
}

// How many sessions run a statement that holds `mark`, the asking one not counted.
std::string running(std::string_view mark)
{
  const std::vector<Value> parameters{Value{"%" + std::string{mark} + "%"}};
  return connect()
      ->begin(soon(), {})
      ->query(
          "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid "
          "<> "
          "pg_backend_pid()",
          parameters)
      .at(0)
      .at(0)
      .value();
}

}  // namespace

TEST_CASE("postgres::Database: parameters and NULLs pass both ways")
{
  auto database = connect();
  CHECK(database->server_version() >= 150000);
  auto transaction = database->begin(soon(), {});
  const std::vector<Value> parameters{Value{"it's"}, Value{}, Value{""}, Value{"42"}};
  const auto rows =
      transaction->query("SELECT $1::text, $2::text, $3::text, $4::int + 1", parameters);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] == postgres::Row{Value{"it's"}, Value{}, Value{""}, Value{"43"}});
  CHECK(transaction->query("SELECT 1 WHERE false", {}).empty());
  CHECK(transaction->quote_name("a\"b") == "\"a\"\"b\"");
}

TEST_CASE("postgres::Database: committed work stays, other work does not")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  {
    auto transaction = database->begin(soon(), {});
    transaction->execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    transaction->commit();
  }
  {
    auto transaction = database->begin(soon(), {});
    transaction->execute("DELETE FROM t");
    CHECK(single(*transaction, "SELECT count(*) FROM t") == "0");
  }
  CHECK(single(*database->begin(soon(), {}), "SELECT count(*) FROM t") == "2");
}

TEST_CASE("postgres::Database::look: each statement stands for itself")
{
  auto database = connect();
  const auto first = database->look(soon(), {});
  first->execute("CREATE TEMPORARY TABLE looked (i int)");
  CHECK(single(*first, "SELECT txid_current()") != single(*first, "SELECT txid_current()"));
  CHECK_THROWS_AS(first->execute("SELECT 1/0"), Error);
  CHECK(single(*first, "SELECT count(*) FROM looked") == "0");  // neither rolled back nor in error
}

TEST_CASE("postgres::Database: the server's refusals have a code and the SQLSTATE")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  const auto refusal = [&](std::string_view sql) {
    return error_of([&] { database->begin(soon(), {})->execute(sql); });
  };
  {
    auto transaction = database->begin(soon(), {});
    transaction->execute("CREATE TABLE t (a int UNIQUE); INSERT INTO t VALUES (1)");
    transaction->commit();
  }
  const auto duplicate = refusal("INSERT INTO t VALUES (1)");
  CHECK(duplicate.code == ErrorCode::conflict);
  CHECK(duplicate.why.find("(SQLSTATE 23505)") != std::string::npos);
  const auto missing = refusal("SELECT * FROM nowhere");
  CHECK(missing.code == ErrorCode::failed);
  CHECK(missing.why == "ERROR:  relation \"nowhere\" does not exist (SQLSTATE 42P01)");
  CHECK(refusal("SELECT 1/0").why.find("22012") != std::string::npos);
  CHECK(refusal("CREATE ROLE x PASSWORD 'geheim' oops").why.find("geheim") == std::string::npos);
  CHECK(single(*database->begin(soon(), {}), "SELECT 1") == "1");
}

TEST_CASE("postgres::Database: serialization failures are told by their SQLSTATE")
{
  const TestDatabase scratch;
  auto first = postgres::connect(scratch.endpoint(), soon(), {});
  auto second = postgres::connect(scratch.endpoint(), soon(), {});
  {
    auto transaction = first->begin(soon(), {});
    transaction->execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    transaction->commit();
  }
  auto reader = first->begin(soon(), {});
  reader->execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t");
  auto writer = second->begin(soon(), {});
  writer->execute("UPDATE t SET a = 2");
  writer->commit();
  const auto error = error_of([&] { reader->execute("UPDATE t SET a = 3"); });
  CHECK(error.why.find("(SQLSTATE 40001)") != std::string::npos);
}

TEST_CASE("postgres::connect: no such database, wrong password, nobody there")
{
  auto wrong = endpoint("no-such-database");
  CHECK(error_of([&] { postgres::connect(wrong, soon(), {}); }).code == ErrorCode::not_found);

  auto over_tcp = endpoint();
  over_tcp.host = "127.0.0.1";
  over_tcp.password = Secret{"quite-wrong"};
  const auto denied = error_of([&] { postgres::connect(over_tcp, soon(), {}); });
  CHECK(denied.code == ErrorCode::denied);
  CHECK(denied.why.find("28P01") != std::string::npos);
  CHECK((denied.what + denied.why + denied.hint).find("quite-wrong") == std::string::npos);

  over_tcp.port = 1;
  CHECK(error_of([&] { postgres::connect(over_tcp, soon(), {}); }).code == ErrorCode::unreachable);
  wrong.host = "/nonexistent";
  CHECK(error_of([&] { postgres::connect(wrong, soon(), {}); }).code == ErrorCode::unreachable);
}

TEST_CASE("postgres::Database: a lost session is unreachable and stays lost")
{
  auto database = connect();
  const auto pid = std::to_string(backend_of(*database));
  auto transaction = database->begin(soon(), {});
  CHECK(single(*connect()->begin(soon(), {}), "SELECT pg_terminate_backend(" + pid + ", 5000)") ==
        "t");
  CHECK(error_of([&] { transaction->execute("SELECT 1"); }).code == ErrorCode::unreachable);
  transaction.reset();
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK(error_of([&] { database->begin(soon(), {})->execute("SELECT 1"); }).code ==
          ErrorCode::unreachable);
  }
}

TEST_CASE("postgres::Transaction::commit: when the answer is lost nobody claims to know")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  auto transaction = database->begin(soon(), {});
  // The session ends itself while it commits.
  transaction->execute(
      "CREATE TABLE t (a int);"
      "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
      " FOR EACH ROW EXECUTE FUNCTION die();"
      "INSERT INTO t VALUES (1)");
  const auto error = error_of([&] { transaction->commit(); });
  CHECK(error.code == ErrorCode::failed);
  CHECK(error.why.find("unknown whether it happened") != std::string::npos);
}

TEST_CASE("postgres::Transaction: the deadline ends a statement, on the server too")
{
  auto database = connect();
  auto transaction = database->begin(Deadline::in(300ms), {});
  const auto start = std::chrono::steady_clock::now();
  const auto error =
      error_of([&] { transaction->execute("SELECT pg_sleep(30) /* deadline-mark */"); });
  CHECK(error.code == ErrorCode::timeout);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(running("deadline-mark */") == "0");
  CHECK(error_of([&] { transaction->execute("SELECT 1"); }).code == ErrorCode::timeout);
  transaction.reset();
  CHECK(single(*database->begin(soon(), {}), "SELECT 1") == "1");  // the session goes on
}

TEST_CASE("postgres::Database: one session has a limit after another, and none outlives its scope")
{
  auto database = connect();
  for (int i = 0; i < 5; ++i) {
    auto look = database->look(Deadline::in(100ms), {});
    CHECK(error_of([&] { look->execute("SELECT pg_sleep(30)"); }).code == ErrorCode::timeout);
    look.reset();
    const auto patient = database->begin(soon(), {});
    CHECK_NOTHROW(patient->execute("SELECT pg_sleep(0.15)"));  // longer than the limit before
  }
}

TEST_CASE("postgres::Transaction: a stop request ends a statement at once")
{
  auto database = connect();
  std::stop_source stop;
  auto transaction = database->begin(soon(), stop.get_token());
  const std::jthread operator_thread{[&] {
    const auto limit = soon();
    while (running("stop-mark */") == "0" && !limit.is_over()) {
      pause_for(20ms, limit, {});
    }
    stop.request_stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(transaction->execute("SELECT pg_sleep(30) /* stop-mark */"), Cancelled);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK_THROWS_AS(transaction->commit(), Cancelled);
}

TEST_CASE("postgres::Transaction: a server that hangs is left behind in time")
{
  auto database = connect();
  const auto pid = backend_of(*database);
  auto transaction = database->begin(Deadline::in(300ms), {});
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  const auto start = std::chrono::steady_clock::now();
  const auto error = error_of([&] { transaction->execute("SELECT 1"); });
  transaction.reset();
  database.reset();
  const auto took = std::chrono::steady_clock::now() - start;
  ::kill(pid, SIGCONT);
  CHECK(error.code == ErrorCode::timeout);
  CHECK(took < 10s);
}

TEST_CASE("postgres::connect: stopped before it began")
{
  std::stop_source stop;
  stop.request_stop();
  const auto where = endpoint();
  CHECK_THROWS_AS(postgres::connect(where, soon(), stop.get_token()), Cancelled);
}
