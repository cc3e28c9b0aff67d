// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/buckets.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace pecanctl::replication {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers fetched(const TableScope& scope)
{
  Numbers numbers;
  for (const auto& piece : scope.pieces) {
    numbers.push_back(piece.bucket);
  }
  return numbers;
}

Catalogue example_catalogue()
{
  Catalogue catalogue;
  catalogue.tables["traits"] = {
      .name = "traits",
      .columns = {{.name = "id", .type = "bigint"}, {.name = "level", .type = "level_of_access"}}};
  return catalogue;
}

exchange::Manifest manifest_with(std::vector<exchange::Column> columns)
{
  exchange::Manifest manifest{.server = 150'020};
  manifest.tables["traits"] = {.columns = std::move(columns)};
  return manifest;
}

}  // namespace

TEST_CASE("replication::compare_buckets: what differs on either side is named, the rest is counted")
{
  const std::vector<exchange::Piece> there{{.bucket = 2, .rows = 20, .hash = "b"},
                                           {.bucket = 3, .rows = 30, .hash = "c"},
                                           {.bucket = 5, .rows = 50, .hash = "e"}};

  struct Case {
    std::vector<LocalBucket> here;
    Numbers buckets;
    Numbers pieces;
    std::uint64_t equal;
  };

  const std::vector<Case> cases{
      {{}, {2, 3, 5}, {2, 3, 5}, 0},
      {{{2, 20, "b"}, {3, 30, "c"}, {5, 50, "e"}}, {}, {}, 100},
      {{{2, 20, "b"}, {3, 30, "x"}, {5, 50, "e"}}, {3}, {3}, 70},
      {{{1, 1, "a"}, {2, 20, "b"}, {4, 4, "d"}, {6, 6, "f"}}, {1, 3, 4, 5, 6}, {3, 5}, 20},
      {{{2, 21, "b"}, {3, 30, "c"}, {5, 50, "e"}}, {2}, {2}, 80},
  };
  for (const auto& one : cases) {
    const auto scope = compare_buckets(one.here, there);
    CHECK(scope.buckets == one.buckets);
    CHECK(fetched(scope) == one.pieces);
    CHECK(scope.equal_rows == one.equal);
  }
  CHECK(compare_buckets({{7, 1, "g"}}, {}).buckets == Numbers{7});
}

TEST_CASE("replication::explain_other_form: rows are told alike by equal columns, in any order")
{
  const exchange::Column id{.name = "id", .type = "bigint"};
  const exchange::Column level{.name = "level", .type = "public.level_of_access"};
  const auto tables = example_catalogue().tables;
  CHECK(explain_other_form(tables, manifest_with({id, level})).empty());
  CHECK(explain_other_form(tables, manifest_with({level, id})).empty());
  CHECK_FALSE(explain_other_form(tables, manifest_with({id})).empty());
  CHECK_FALSE(explain_other_form(tables, manifest_with({id, id})).empty());
  CHECK_FALSE(
      explain_other_form(tables, manifest_with({id, {.name = "level", .type = "text"}})).empty());
  auto old_server = manifest_with({id, level});
  old_server.server = 90'523;
  CHECK_FALSE(explain_other_form(tables, old_server).empty());
  auto more = manifest_with({id, level});
  more.tables["planets"] = {};
  CHECK_FALSE(explain_other_form(tables, more).empty());
  CHECK_FALSE(explain_other_form(tables, exchange::Manifest{.server = 150'020}).empty());
}

TEST_CASE("replication::bucket_rows_sql: no more than the buckets, and never out of the block")
{
  const auto block = block_of(1);
  Table table{.sql = "public.traits", .has_unique_id = true};
  CHECK(bucket_rows_sql(table, {976'562, 976'563, 976'565}, block) ==
        "(VALUES (1000000000::bigint, 1000001535::bigint), (1000002560::bigint, "
        "1000003583::bigint)) AS pecanctl_range (pecanctl_first, pecanctl_last) JOIN public.traits "
        "AS t ON t.id BETWEEN pecanctl_first AND pecanctl_last");
  CHECK(bucket_rows_sql(table, {1'953'124}, block).find("1999998976::bigint, 1999999999::bigint") !=
        std::string::npos);
  table.has_unique_id = false;
  CHECK(bucket_rows_sql(table, {976'562, 976'563}, block) ==
        "public.traits AS t WHERE t.id BETWEEN 1000000000 AND 1000001535 AND t.id / 1024 = ANY "
        "('{976562,976563}'::bigint[])");
}

TEST_CASE("replication::is_most_of: from seven tenths on the dump is the better way")
{
  const exchange::Manifest manifest{.tarball_size = 100};
  CHECK_FALSE(is_most_of(70, manifest));
  CHECK(is_most_of(71, manifest));
}

}  // namespace pecanctl::replication
