// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/fd.hpp"
#include "tests/integration/postgres/test_database.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using postgres::Value;

namespace {

using Parameters = std::vector<Value>;

void load_core(postgres::Database& database)
{
  auto transaction = database.begin(soon(), {});
  transaction->execute(read_file(BETY_CORE_SQL));
  transaction->commit();
}

std::string find_or_insert(postgres::Transaction& transaction, const std::string& find,
                           const std::string& insert, const Parameters& parameters)
{
  const auto found = transaction.query(find, parameters);
  return (found.empty() ? transaction.query(insert + " RETURNING id", parameters) : found)
      .at(0)
      .at(0)
      .value();
}

// What PEcAn's monitor does when it first hears of a model. Returns the ids of machine, type, model
// and file.
std::vector<std::string> register_model(postgres::Database& database, const std::string& binary)
{
  auto work = database.begin(soon(), {});
  const auto machine =
      find_or_insert(*work, "SELECT id FROM machines WHERE hostname = $1",
                     "INSERT INTO machines (hostname) VALUES ($1)", {Value{"docker"}});
  const auto type = find_or_insert(*work, "SELECT id FROM modeltypes WHERE name = $1",
                                   "INSERT INTO modeltypes (name) VALUES ($1)", {Value{"SIPNET"}});
  const auto model = find_or_insert(
      *work, "SELECT id FROM models WHERE model_name = $1 AND modeltype_id = $2 AND revision = $3",
      "INSERT INTO models (model_name, modeltype_id, revision) VALUES ($1, $2, $3)",
      {Value{"SIPNET"}, Value{type}, Value{"git"}});
  const auto file = find_or_insert(
      *work,
      "SELECT id FROM dbfiles WHERE container_type = 'Model' AND container_id = $1 AND file_name = "
      "$2 "
      "AND file_path = $3 AND machine_id = $4",
      "INSERT INTO dbfiles (container_type, container_id, file_name, file_path, machine_id) "
      "VALUES ('Model', $1, $2, $3, $4)",
      {Value{model}, Value{binary}, Value{"/usr/local/bin"}, Value{machine}});
  work->commit();
  return {machine, type, model, file};
}

}  // namespace

TEST_CASE("bety core tables: loading them twice is as good as once")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  const auto ids = register_model(*database, "sipnet.git");
  load_core(*database);
  CHECK(register_model(*database, "sipnet.git") == ids);
}

TEST_CASE("bety core tables: PEcAn's monitor registers a model, once")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  const auto first = register_model(*database, "sipnet.git");
  CHECK(register_model(*database, "sipnet.git") == first);
  CHECK(register_model(*database, "sipnet.2").back() != first.back());
  const auto rows = database->begin(soon(), {})
                        ->query(
                            "SELECT created_at = updated_at AND created_at > now() AT TIME ZONE "
                            "'UTC' - interval '1 minute' FROM models",
                            {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0][0] == "t");
}

TEST_CASE("bety core tables: belong to the role bety, which can use them")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  auto as_bety = scratch.endpoint();
  as_bety.user = "bety";
  auto own = postgres::connect(as_bety, soon(), {});
  CHECK(register_model(*own, "sipnet.git").size() == 4);
  load_core(*own);
}

TEST_CASE("bety core tables: the numbers of a site come from its sequences")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  auto transaction = database->begin(soon(), {});
  for (const auto* table : {"users", "machines", "modeltypes", "models", "dbfiles"}) {
    transaction->query(std::string{"SELECT setval('"} + table + "_id_seq', 98000000001, false)",
                       {});
  }
  transaction->commit();
  for (const auto& id : register_model(*database, "sipnet.git")) {
    CHECK(id == "98000000001");
  }
}

TEST_CASE("bety core tables: refuse what BETY refuses")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  const auto ids = register_model(*database, "sipnet.git");
  const auto state_of = [&](const std::string& sql) {
    return error_of([&] { database->begin(soon(), {})->execute(sql); }).why;
  };
  const std::string file =
      "INSERT INTO dbfiles (container_type, container_id, file_name, file_path, machine_id) "
      "VALUES ";
  const std::vector<std::string> refused{
      "INSERT INTO machines (hostname) VALUES ('a b')",
      "INSERT INTO machines (hostname) VALUES ('docker')",
      "INSERT INTO modeltypes (name) VALUES ('ED 2')",
      "INSERT INTO models (model_name, modeltype_id, revision) VALUES ('a b', " + ids[1] + ", '1')",
      "INSERT INTO models (model_name, modeltype_id, revision) VALUES ('a', " + ids[1] + ", ' 1')",
      file + "('Model', 4711, 'x', '/a', " + ids[0] + ")",
      file + "('Input', 1, 'x', '/a', " + ids[0] + ")",
      file + "('Model', " + ids[2] + ", 'x', 'a', " + ids[0] + ")",
      file + "('Model', " + ids[2] + ", 'x/y', '/a', " + ids[0] + ")",
      file + "('Model', " + ids[2] + ", 'sipnet.git', '/usr/local/bin', " + ids[0] + ")",
      "INSERT INTO users (login, email, crypted_password, access_level, page_access_level) "
      "VALUES ('carya', 'betydb@example.com', 'abc', 5, 1)"};
  for (const auto& sql : refused) {
    CAPTURE(sql);
    CHECK(state_of(sql).find("(SQLSTATE 23") != std::string::npos);
  }
}

TEST_CASE("bety core tables: a model that a file refers to stays, and updates move the time stamp")
{
  const TestDatabase scratch;
  auto database = postgres::connect(scratch.endpoint(), soon(), {});
  load_core(*database);
  register_model(*database, "sipnet.git");
  auto transaction = database->begin(soon(), {});
  CHECK(transaction->query("DELETE FROM models RETURNING id", {}).empty());
  transaction->execute("UPDATE models SET created_at = '2001-01-01', updated_at = '2001-01-01'");
  const auto rows = transaction->query(
      "UPDATE models SET revision = 'r2' RETURNING updated_at > '2020-01-01', created_at", {});
  CHECK(rows.at(0).at(0) == "t");
  CHECK(rows.at(0).at(1) == "2001-01-01 00:00:00");
  CHECK(transaction->query("DELETE FROM dbfiles RETURNING id", {}).size() == 1);
  CHECK(transaction->query("DELETE FROM models RETURNING id", {}).size() == 1);
}
