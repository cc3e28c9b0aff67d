// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/source.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/base/error.hpp"

namespace pecanctl::publication {
namespace {

SourceTable table_of(std::string name, std::vector<std::string> columns)
{
  SourceTable table{.name = std::move(name)};
  for (auto& column : columns) {
    table.columns.push_back({.column = {.name = std::move(column), .type = "text"}});
  }
  return table;
}

const Source k_source{.first = 10, .last = 20};

}  // namespace

TEST_CASE("publication::select_rows: the site's ids, in their order")
{
  CHECK(
      select_rows(table_of("Odd\"name", {"id", "A"}), k_source, {}) ==
      R"(SELECT t."id", t."A" FROM public."Odd""name" AS t WHERE t.id BETWEEN 10 AND 20 ORDER BY t.id)");
  auto pairs = table_of("pairs", {"a_id", "id"});
  pairs.has_unique_id = false;
  CHECK(select_rows(pairs, k_source, {}).ends_with("ORDER BY t.id, t::text COLLATE \"C\""));
}

TEST_CASE("publication::select_rows: traits below the level are out, and what belongs to them")
{
  const auto traits = select_rows(table_of("traits", {"id"}), k_source, {.level = 4});
  CHECK(traits.find("AND t.access_level >= 4 AND t.checked <> -1 ORDER") != std::string::npos);
  const auto all = select_rows(table_of("yields", {"id"}), k_source, {.is_checked = false});
  CHECK(all.find("checked") == std::string::npos);
  auto covariates = table_of("covariates", {"id", "trait_id"});
  covariates.references = {{.column = "trait_id", .table = "traits"},
                           {.column = "variable_id", .table = "variables"}};
  CHECK(select_rows(covariates, k_source, {})
            .find("AND NOT EXISTS (SELECT FROM public.\"traits\" AS p WHERE p.id = t.\"trait_id\" "
                  "AND (p.access_level >= 3 AND p.checked <> -1) IS NOT TRUE) ORDER") !=
        std::string::npos);
}

TEST_CASE("publication::select_rows: a column of users that nobody foresaw is not shown")
{
  auto users = table_of("users", {"id", "login", "telephone", "area", "created_at"});
  CHECK(select_rows(users, k_source, {})
            .starts_with("SELECT t.\"id\", 'user' || t.id, NULL, '', t.\"created_at\" FROM"));
  users.columns[2].is_nullable = false;
  CHECK(select_rows(users, k_source, {}).find("t.id, '', ''") != std::string::npos);
  CHECK(select_rows(users, k_source, {.is_anonymous = false}).find("t.\"telephone\"") !=
        std::string::npos);
}

TEST_CASE("publication::id_of_row: the id is found past any text")
{
  CHECK(id_of_row("1000000001\tx\n", 0) == 1'000'000'001);
  CHECK(id_of_row("a\t\t\\N\t7\n", 3) == 7);
  CHECK(id_of_row("\"a\tb\\\"\t5\n\"\t8\n", 1) == 8);
  CHECK(id_of_row("\"\\\\\"\t9\n", 1) == 9);
  CHECK_THROWS_AS(id_of_row("a\tb\n", 5), Error);
}

TEST_CASE("publication::Source: files have the time of the newest migration")
{
  Source source{.newest = "20200329233137"};
  CHECK(source.schema_time() == 1'585'524'697);
  source.newest = "1";
  CHECK(source.schema_time() == 1'000'000'000);
  source.newest = "20209929233137";
  CHECK(source.schema_time() == 1'000'000'000);
}

}  // namespace pecanctl::publication
