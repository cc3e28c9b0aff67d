// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/dialect.hpp"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <random>

#include "core/exchange/row_text.hpp"
#include "core/replication/session.hpp"
#include "tests/integration/postgres/test_database.hpp"

using namespace pecanctl;
using namespace pecanctl::replication;

TEST_CASE("replication dialect: what PostgreSQL writes and what we write are the same bytes")
{
  const test::TestDatabase scratch;
  Session session{scratch.endpoint(), test::soon(), {}};
  session.run("CREATE TABLE samples (id bigint, a text, b text)");
  constexpr std::string_view k_letters{"\t\n\r\"\\N.,x \xC3\xBC"};
  std::minstd_rand rng{7};
  std::vector<std::vector<Field>> rows;
  for (int id = 0; id < 500; ++id) {
    std::vector<Field> row{std::to_string(id)};
    for (int column = 0; column < 2; ++column) {
      std::string text;
      for (auto left = rng() % 6; left > 0; --left) {
        const auto at = rng() % (k_letters.size() - 1);
        text +=
            at >= k_letters.size() - 2 ? std::string{"\xC3\xBC"} : std::string(1, k_letters[at]);
      }
      row.push_back(rng() % 9 == 0 ? Field{} : Field{text});
    }
    session.query("INSERT INTO samples VALUES ($1, $2, $3)", row);
    rows.push_back(std::move(row));
  }
  std::size_t at = 0;
  session.copy_out(fmt::format("COPY (SELECT * FROM samples ORDER BY id) TO STDOUT {}",
                               exchange::k_copy_options),
                   [&](std::string_view line) {
                     std::string ours;
                     append_row(ours, rows[at]);
                     CHECK(ours + "\n" == line);
                     CHECK(parse_row(line.substr(0, line.size() - 1)) == rows[at]);
                     ++at;
                   });
  CHECK(at == rows.size());
}
