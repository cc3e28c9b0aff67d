// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/copy.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "tests/integration/postgres/test_database.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t k_rows = 100'000;

// Rows "<n>\ttext <n>\n" in blocks of about 64 KiB; `last` is the number of the last one.
class Rows {
 public:
  explicit Rows(std::uint64_t last) : last_{last} {}

  std::string_view operator()()
  {
    constexpr std::size_t k_block = std::size_t{64} << 10U;
    block_.clear();
    while (next_ <= last_ && block_.size() < k_block) {
      const auto number = std::to_string(next_++);
      block_ += number + "\ttext " + number + "\n";
    }
    return block_;
  }

 private:
  std::uint64_t last_;
  std::uint64_t next_ = 1;
  std::string block_;
};

std::unique_ptr<postgres::CopySession> with_table(const TestDatabase& scratch)
{
  auto session = postgres::connect_copy(scratch.endpoint(), soon(), {});
  session->execute("CREATE TABLE t (a bigint, b text)", soon(), {});
  return session;
}

std::string count(const TestDatabase& scratch)
{
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  return database->begin(soon(), {})->query("SELECT count(*) FROM t", {}).at(0).at(0).value();
}

}  // namespace

TEST_CASE("postgres::CopySession: a hundred thousand rows in and the same out")
{
  const TestDatabase scratch;
  auto session = with_table(scratch);
  CHECK(session->copy_in("COPY t FROM STDIN", Rows{k_rows}, soon(), {}) == k_rows);
  std::uint64_t seen = 0;
  bool is_same = true;
  const auto sink = [&](std::string_view row) {
    const auto number = std::to_string(++seen);
    is_same = is_same && row == number + "\ttext " + number + "\n";
  };
  CHECK(session->copy_out("COPY (SELECT * FROM t ORDER BY a) TO STDOUT", sink, soon(), {}) ==
        k_rows);
  CHECK(seen == k_rows);
  CHECK(is_same);
  CHECK(session->copy_out("COPY (SELECT 1 WHERE false) TO STDOUT", sink, soon(), {}) == 0);
}

TEST_CASE(
    "postgres::CopySession::copy_in: a source that throws leaves nothing, and the session works")
{
  const TestDatabase scratch;
  auto session = with_table(scratch);
  Rows rows{k_rows};
  int blocks = 0;
  const auto source = [&]() -> std::string_view {
    if (++blocks == 5) {
      throw std::runtime_error{"the bundle is cut off"};
    }
    return rows();
  };
  CHECK_THROWS_WITH_AS(session->copy_in("COPY t FROM STDIN", source, soon(), {}),
                       "the bundle is cut off", std::runtime_error);
  CHECK(count(scratch) == "0");
  session->execute("INSERT INTO t VALUES (1, 'x')", soon(), {});
  CHECK(count(scratch) == "1");
}

TEST_CASE("postgres::CopySession::copy_in: a bad row is an error with its line, and leaves nothing")
{
  const TestDatabase scratch;
  auto session = with_table(scratch);
  bool is_sent = false;
  const auto source = [&]() -> std::string_view {
    return std::exchange(is_sent, true) ? "" : "1\tone\nnonsense\ttwo\n";
  };
  const auto error = error_of([&] { session->copy_in("COPY t FROM STDIN", source, soon(), {}); });
  CHECK(error.code == ErrorCode::failed);
  CHECK(error.why.find("line 2") != std::string::npos);
  CHECK(error.why.find("22P02") != std::string::npos);
  CHECK(count(scratch) == "0");
  session->execute("SELECT 1", soon(), {});
}

TEST_CASE("postgres::CopySession: statements that are wrong say so and the session works on")
{
  const TestDatabase scratch;
  auto session = with_table(scratch);
  const auto missing =
      error_of([&] { session->copy_in("COPY nowhere FROM STDIN", Rows{1}, soon(), {}); });
  CHECK(missing.why.find("42P01") != std::string::npos);
  CHECK(error_of([&] { session->execute("SELEKT", soon(), {}); }).why.find("42601") !=
        std::string::npos);
  CHECK(error_of([&] { session->copy_in("SELECT 1", Rows{1}, soon(), {}); }).code ==
        ErrorCode::internal);
  CHECK(session->copy_in("COPY t FROM STDIN", Rows{10}, soon(), {}) == 10);
}

TEST_CASE("postgres::CopySession: deadline and stop end a statement, on the server too")
{
  const TestDatabase scratch;
  auto first = with_table(scratch);
  const auto start = std::chrono::steady_clock::now();
  CHECK(error_of([&] { first->execute("SELECT pg_sleep(30)", Deadline::in(200ms), {}); }).code ==
        ErrorCode::timeout);
  CHECK(error_of([&] { first->execute("SELECT 1", soon(), {}); }).code == ErrorCode::unreachable);

  auto second = postgres::connect_copy(scratch.endpoint(), soon(), {});
  std::stop_source stop;
  const auto sink = [&](std::string_view /*row*/) { stop.request_stop(); };
  CHECK_THROWS_AS(second->copy_out("COPY (SELECT repeat('x', 9000), pg_sleep(n - 1) FROM "
                                   "generate_series(1, 30) n) TO STDOUT",
                                   sink, soon(), stop.get_token()),
                  Cancelled);
  CHECK(std::chrono::steady_clock::now() - start < 8s);
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  const auto left = database->begin(soon(), {})
                        ->query(
                            "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                            "current_database() AND query LIKE '%pg_sleep(%' "
                            "AND state = 'active' AND pid <> pg_backend_pid()",
                            {});
  CHECK(left.at(0).at(0) == "0");
}

TEST_CASE("postgres::CopySession::copy_out: a sink that throws ends it")
{
  const TestDatabase scratch;
  auto session = with_table(scratch);
  const auto sink = [](std::string_view /*row*/) { throw std::runtime_error{"disk full"}; };
  CHECK_THROWS_WITH_AS(
      session->copy_out("COPY (SELECT * FROM generate_series(1, 1000000)) TO STDOUT", sink, soon(),
                        {}),
      "disk full", std::runtime_error);
  CHECK(error_of([&] { session->execute("SELECT 1", soon(), {}); }).code == ErrorCode::unreachable);
}

TEST_CASE("postgres::CopySession: a transaction that is not committed leaves nothing")
{
  const TestDatabase scratch;
  {
    auto session = with_table(scratch);
    session->execute("BEGIN", soon(), {});
    CHECK(session->copy_in("COPY t FROM STDIN", Rows{10}, soon(), {}) == 10);
  }
  CHECK(count(scratch) == "0");
}
