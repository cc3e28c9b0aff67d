// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "tests/integration/postgres/test_database.hpp"

#include "core/postgres/copy.hpp"

namespace pecanctl::test {

void TestDatabase::run(const std::string& sql)
{
  postgres::connect_copy(test::endpoint(), soon(), {})->execute(sql, soon(), {});
}

}  // namespace pecanctl::test
