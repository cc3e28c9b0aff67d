// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/conninfo.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace pecanctl;
using namespace pecanctl::postgres;
using namespace std::chrono_literals;

namespace {

std::string option(const Deadline& deadline, std::string_view name)
{
  for (const auto& [key, value] : connection_options({}, deadline)) {
    if (key == name) {
      return value;
    }
  }
  return "(none)";
}

}  // namespace

TEST_CASE("postgres::code_of: what a caller can do, by SQLSTATE")
{
  CHECK(code_of("08006") == ErrorCode::unreachable);
  CHECK(code_of("57P01") == ErrorCode::unreachable);
  CHECK(code_of("57P03") == ErrorCode::unreachable);
  CHECK(code_of("53300") == ErrorCode::unreachable);
  CHECK(code_of("28P01") == ErrorCode::denied);
  CHECK(code_of("42501") == ErrorCode::denied);
  CHECK(code_of("3D000") == ErrorCode::not_found);
  CHECK(code_of("23505") == ErrorCode::conflict);
  for (const auto* state : {"42P01", "57014", "40001", "53100", "XX000", "", "0"}) {
    CAPTURE(state);
    CHECK(code_of(state) == ErrorCode::failed);
  }
}

TEST_CASE(
    "postgres::connection_options: no password is no keyword, so that a password file may serve")
{
  CHECK(option(Deadline::never(), "password") == "(none)");
}

TEST_CASE("postgres::connection_options: the time limit follows the deadline")
{
  CHECK(option(Deadline::never(), "connect_timeout") == "60");
  CHECK(option(Deadline::in(9500ms), "connect_timeout") == "10");
  CHECK(option(Deadline::in(0ms), "connect_timeout") == "2");
}

TEST_CASE("postgres::server_error: names the database, drops the statement, shows no password")
{
  const Endpoint endpoint{.password = Secret{"geheim"}};
  const auto error = server_error(endpoint,
                                  "ERROR:  syntax error at or near \"x\"\nLINE 1: ALTER ROLE bety "
                                  "PASSWORD 'geheim' x\n       ^\nHINT:  look",
                                  "42601", ErrorCode::failed);
  CHECK(error.info().what == "cannot use database 'bety' at 127.0.0.1:5432");
  CHECK(error.info().why == "ERROR:  syntax error at or near \"x\"; HINT:  look (SQLSTATE 42601)");
}

TEST_CASE("postgres::server_error: a server cannot drive the terminal")
{
  const auto error = server_error({}, "ERROR:  \x1b[2J", "", ErrorCode::failed);
  CHECK(error.info().why == "ERROR:  \\x1b[2J");
}
