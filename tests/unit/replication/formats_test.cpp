// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/replication/dump_schema.hpp"
#include "core/replication/log_file.hpp"
#include "core/replication/row_index.hpp"
#include "core/replication/shape.hpp"
#include "core/replication/version_file.hpp"

using namespace pecanctl::replication;

TEST_CASE("replication::parse_version_file: four fields between tabs, nothing else")
{
  const auto version = parse_version_file(
      "63\t9d0f7330c9ef2f0572c0bbbfa463a59c\t20200329233137\t2026-11-20T06:04:32Z\n");
  REQUIRE(version.has_value());
  CHECK(version->schema.migrations == 63);
  CHECK(version->schema.latest == "20200329233137");
  CHECK(version->dumped_at == "2026-11-20T06:04:32Z");
  CHECK_FALSE(parse_version_file("<html>").has_value());
  CHECK_FALSE(parse_version_file("63\txyz\t1\t2").has_value());
  CHECK(sibling_url_of("http://a/dump/bety.tar.gz", "version.txt") == "http://a/dump/version.txt");
  CHECK(sibling_url_of("http://a/other", "version.txt").empty());
}

TEST_CASE("replication::compare_schemas: the side that lacks migrations is named")
{
  const SchemaVersion old{.migrations = 2, .md5 = "a", .latest = "20180101000000"};
  const SchemaVersion recent{.migrations = 3, .md5 = "b", .latest = "20200101000000"};
  CHECK(compare_schemas(old, recent) ==
        "this database is older: 2 migrations up to 20180101000000 here, 3 up to 20200101000000 "
        "there");
  CHECK(compare_schemas(recent, old).starts_with("the dump is older"));
}

TEST_CASE("replication::parse_dump_schema: columns in order, and no statement but CREATE TABLE")
{
  const auto schema = parse_dump_schema(
      "\\restrict abc\n-- Dumped from database version 9.5.25\n\\! touch /tmp/x\n"
      "CREATE TABLE public.sites (\n    id bigint DEFAULT nextval('a'::regclass) NOT NULL,\n"
      "    \"odd, name\" character varying(255) COLLATE \"C\" DEFAULT ''::character varying,\n"
      "    geometry public.geometry(GeometryZ,4326),\n    area numeric(8,2)\n,\n"
      "    CONSTRAINT c CHECK ((id > 0))\n);\n"
      "CREATE TABLE admin.tz_world (\n    gid integer\n);\nCREATE TABLE plain (\n    id "
      "integer\n);\n");
  CHECK(schema.server_major == 9);
  CHECK(schema.tables.size() == 2);
  const auto& sites = schema.tables.at("sites");
  REQUIRE(sites.size() >= 4);
  CHECK(sites[0] == DumpColumn{"id", "bigint"});
  CHECK(sites[1] == DumpColumn{"odd, name", "character varying(255)"});
  CHECK(sites[2] == DumpColumn{"geometry", "geometry(GeometryZ,4326)"});
  CHECK(sites[3] == DumpColumn{"area", "numeric(8,2)"});
}

TEST_CASE(
    "replication::render_log_line: eight words with one blank between them, early in a month too")
{
  const std::chrono::system_clock::time_point time{std::chrono::seconds{1'793'513'140}};
  CHECK(render_log_line(time, 1, LogCode::success) == "Sun Nov 01 06:05:40 UTC 2026 1 0");
}

TEST_CASE("replication::RowIndex: rows are new, the same or changed, in any order")
{
  RowIndex index{block_of(1), 42};
  for (const auto id : {1'000'000'003, 1'000'000'001, 1'000'000'002}) {
    index.add(id, "text " + std::to_string(id));
  }
  index.seal();
  CHECK(index.compare(1'000'000'001, "text 1000000001"));
  CHECK(index.compare(1'000'000'002, "another"));
  CHECK_FALSE(index.compare(1'000'000'009, "x"));
  CHECK(index.find(1'000'000'001) == RowIndex::State::same);
  CHECK(index.find(1'000'000'002) == RowIndex::State::changed);
  CHECK(index.find(1'000'000'003) == RowIndex::State::added);
  CHECK_FALSE(index.find(2'000'000'003).has_value());
  CHECK(index.compare(1'000'000'001, "text 1000000001"));
  CHECK(index.find(1'000'000'001) == RowIndex::State::changed);  // here twice
}

TEST_CASE("replication::RowIndex: an id twice is an error, far apart too")
{
  RowIndex index{block_of(1), 42};
  for (const auto id : {1'000'000'001, 1'000'000'002, 1'000'000'001}) {
    index.add(id, "x");
  }
  CHECK_THROWS_AS(index.seal(), const pecanctl::Error&);
}

TEST_CASE("replication::Shape: columns are matched by name, obstacles are named")
{
  const Table table{.name = "t",
                    .sql = "public.t",
                    .columns = {{.name = "id", .type = "bigint", .is_required = true},
                                {.name = "a", .type = "text"},
                                {.name = "b", .type = "integer", .is_required = true}}};
  Shape swapped{table, {{"b", "integer"}, {"a", "text"}, {"id", "bigint"}}, true};
  CHECK(swapped.obstacles().empty());
  CHECK(swapped.id_field() == 2);
  CHECK(swapped.columns_sql() == R"("b", "a", "id")");
  CHECK(swapped.transform("1\tx\t5") == "1\tx\t5");
  Shape drifted{table, {{"id", "bigint"}, {"new", "text"}, {"b", "integer"}}, true};
  CHECK(drifted.differences() ==
        std::vector<std::string>{"only the dump has t.new", "only this database has t.a"});
  CHECK(drifted.transform("5\tgone\t1") == "5\t1");
  const Shape broken{table, {{"id", "bigint"}, {"a", "integer"}}, true};
  CHECK(broken.obstacles() ==
        std::vector<std::string>{"t.a is text here, integer in the dump",
                                 "t.b needs a value that the dump does not have"});
}

TEST_CASE("replication::Shape: users lose their names and rights unless the peer is trusted")
{
  const Table users{.name = "users",
                    .sql = "public.users",
                    .columns = {{.name = "id", .type = "bigint"},
                                {.name = "login", .type = "text"},
                                {.name = "access_level", .type = "integer"},
                                {.name = "apikey", .type = "text"}}};
  const std::vector<DumpColumn> dump{
      {"id", "bigint"}, {"login", "text"}, {"access_level", "integer"}, {"apikey", "text"}};
  Shape wary{users, dump, false};
  CHECK(wary.transform("7\troot\t1\tsecret") == "7\tuser7\t3\t\\N");
  CHECK(wary.transform("7\troot\t4\tsecret") == "7\tuser7\t4\t\\N");
  Shape trusting{users, dump, true};
  CHECK(trusting.transform("7\troot\t1\tsecret") == "7\troot\t1\tsecret");
}
