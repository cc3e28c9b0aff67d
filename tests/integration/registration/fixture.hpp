// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/fd.hpp"
#include "core/deployment/index.hpp"
#include "core/http/transport.hpp"
#include "core/registration/ledger.hpp"
#include "tests/integration/postgres/test_database.hpp"

namespace pecanctl::test {

inline std::unique_ptr<consul::Client> connect_consul()
{
  return std::make_unique<consul::Client>(
      http::make_curl_transport({.base_url = service("PECANCTL_TEST_CONSUL")}));
}

/// A site of its own: an instance held in the real Consul, and a database with BETY's core tables.
/// What it claimed is given up at the end of the scope.
class TestSite {
 public:
  TestSite()
  {
    auto transaction = database->begin(soon(), {});
    transaction->execute(read_file(BETY_CORE_SQL));
    transaction->commit();
    index.acquire({.host = "test", .pid = 1, .user = "test", .command = "test", .since = "now"},
                  soon(), {});
  }

  TestSite(const TestSite&) = delete;
  TestSite& operator=(const TestSite&) = delete;

  ~TestSite()
  {
    auto client = connect_consul();
    std::vector<consul::Operation> operations;
    for (const std::string prefix : {"pecan/sites/", "pecan/catalogue/"}) {
      for (const auto& entry : client->list(prefix, soon(), {})) {
        if (entry.value.find(name) != std::string::npos) {
          operations.push_back({.kind = consul::Operation::Kind::remove, .key = entry.key});
        }
      }
    }
    client->commit(operations, soon(), {});
    index.remove(soon(), {});
  }

  registration::Ledger ledger()
  {
    return {.client = index.client(),
            .commit = [this](std::vector<consul::Operation> operations, const Deadline& deadline,
                             const std::stop_token& stop) {
              ++commits;
              return index.try_commit(std::move(operations), deadline, stop);
            }};
  }

  std::string ask(const std::string& sql)
  {
    const auto rows = database->begin(soon(), {})->query(sql, {});
    return rows.empty() ? "" : rows.at(0).at(0).value_or("NULL");
  }

  void run(const std::string& sql)
  {
    auto transaction = database->begin(soon(), {});
    transaction->execute(sql);
    transaction->commit();
  }

  const std::string name = fresh_name();
  const TestDatabase scratch;
  std::unique_ptr<postgres::Database> database = postgres::connect(scratch.endpoint(), soon(), {});
  deployment::Index index{connect_consul, name};
  int commits = 0;
};

}  // namespace pecanctl::test
