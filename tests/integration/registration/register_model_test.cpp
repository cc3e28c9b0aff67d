// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <thread>

#include "core/registration/catalogue.hpp"
#include "core/registration/model_rows.hpp"
#include "tests/integration/registration/fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using registration::ModelInfo;
using Tables = std::vector<std::string>;

namespace {

const ModelInfo k_model{.name = "SIPNET",
                        .type = "SIPNET",
                        .version = "git",
                        .binary = "/usr/local/bin/sipnet.git",
                        .json = R"({"name":"SIPNET"})"};
const Tables k_all{"machines", "modeltypes", "models", "dbfiles"};

Tables add(TestSite& site, const ModelInfo& model)
{
  return registration::add_missing_rows(*site.database, "docker", model, soon(), {});
}

}  // namespace

TEST_CASE("add_missing_rows: the four rows of PEcAn's monitor, once")
{
  TestSite site;
  CHECK(registration::find_missing_rows(*site.database, "docker", k_model, soon(), {}) == k_all);
  CHECK(site.ask("SELECT count(*) FROM machines") == "0");
  CHECK(add(site, k_model) == k_all);
  CHECK(add(site, k_model).empty());
  CHECK(site.ask(
            "SELECT concat_ws(' ', hostname, t.name, model_name, revision, file_path, file_name) "
            "FROM dbfiles f JOIN machines c ON c.id = machine_id JOIN models m ON m.id = "
            "container_id JOIN modeltypes t ON t.id = modeltype_id WHERE container_type = "
            "'Model'") == "docker SIPNET SIPNET git /usr/local/bin sipnet.git");
  auto newer = k_model;
  newer.version = "2.1";
  newer.binary = "/usr/local/bin/sipnet.2.1";
  CHECK(add(site, newer) == Tables{"models", "dbfiles"});
}

TEST_CASE("add_missing_rows: a path that is another model's is refused, and nothing is written")
{
  TestSite site;
  add(site, k_model);
  auto same_path = k_model;
  same_path.version = "2.1";
  const auto error = error_of([&] { add(site, same_path); });
  CHECK(error.code == ErrorCode::conflict);
  CHECK(error.why.find("model SIPNET version git") != std::string::npos);
  CHECK(error.hint.find("version into the name") != std::string::npos);
  CHECK(site.ask("SELECT count(*) FROM models") == "1");
}

TEST_CASE("add_missing_rows: two at once add one row each table")
{
  TestSite site;
  auto other = postgres::connect(site.scratch.endpoint(), soon(), {});
  {
    const std::jthread second{
        [&] { registration::add_missing_rows(*other, "docker", k_model, soon(), {}); }};
    add(site, k_model);
  }
  for (const auto& table : k_all) {
    CHECK(site.ask("SELECT count(*) FROM " + table) == "1");
  }
}

TEST_CASE("catalogue: an entry is written once, and again when the model says something else")
{
  TestSite site;
  const registration::CatalogueEntry wanted{.queue = site.name + "_1",
                                            .model_info = R"({"name":"X","type":"T"})",
                                            .host = "docker",
                                            .by = "me",
                                            .at = "now"};
  const auto plan = [&](const registration::CatalogueEntry& entry) {
    return registration::plan_entry(entry, site.index.client(), soon(), {});
  };
  const auto first = plan(wanted);
  REQUIRE(first.has_value());
  write_entry(*first, site.ledger(), soon(), {});
  auto later = wanted;
  later.at = "later";
  CHECK_FALSE(plan(later).has_value());
  CHECK_THROWS_AS(write_entry(*first, site.ledger(), soon(), {}), Error);  // not seen as it is now
  later.model_info = R"({"name":"X","type":"T","creator":"me"})";
  const auto change = plan(later);
  REQUIRE(change.has_value());
  write_entry(*change, site.ledger(), soon(), {});
  std::string found;
  for (const auto& entry : registration::list_catalogue(site.index.client(), soon(), {})) {
    found = entry.queue == wanted.queue ? entry.model_info : found;
  }
  CHECK(found == later.model_info);
}
