// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>

#include "core/base/error.hpp"
#include "core/postgres/database.hpp"
#include "tests/support/services.hpp"

namespace pecanctl::test {

inline Deadline soon()
{
  return Deadline::in(std::chrono::seconds{20});
}

/// The test cluster's `database`, by its socket.
inline postgres::Endpoint endpoint(std::string database = "postgres")
{
  return {.host = service("PECANCTL_TEST_POSTGRES"),
          .port = std::stoi(service("PECANCTL_TEST_POSTGRES_PORT")),
          .database = std::move(database),
          .user = "postgres"};
}

/// A database of its own, dropped at the end of the scope with whoever is connected.
class TestDatabase {
 public:
  TestDatabase() : name_{fresh_name()} { run("CREATE DATABASE \"" + name_ + "\""); }

  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  ~TestDatabase() { run("DROP DATABASE \"" + name_ + "\" WITH (FORCE)"); }

  postgres::Endpoint endpoint() const { return test::endpoint(name_); }

 private:
  // CREATE DATABASE refuses to run inside a transaction.
  static void run(const std::string& sql);

  std::string name_;
};

/// The code of the Error that `work` throws; fails the case when it throws none.
template <typename Work>
ErrorInfo error_of(Work&& work)
{
  try {
    work();
  } catch (const Error& error) {
    return error.info();
  }
  return {.code = ErrorCode::internal, .what = "no error was thrown"};
}

}  // namespace pecanctl::test
