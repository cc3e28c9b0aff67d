// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/fd.hpp"
#include "core/base/legacy_digest.hpp"
#include "core/base/secret.hpp"
#include "core/deployment/bety_database.hpp"
#include "core/deployment/bety_tasks.hpp"
#include "tests/integration/postgres/test_database.hpp"

using namespace pecanctl;
using test::soon;

namespace {

constexpr const char* k_rest_of_bety = R"(
CREATE SEQUENCE sites_id_seq START 7;
CREATE TABLE sites (id bigint DEFAULT nextval('sites_id_seq') PRIMARY KEY, sitename text);
INSERT INTO sites (id, sitename) VALUES (772, 'Niwot'), (99000000005, 'ours');
INSERT INTO schema_migrations VALUES ('20200329233137');
)";

// A database of its own, as a deploy sees it: what the loader does is in `on_load`.
class Lab : public deployment::Services {
 public:
  Lab() { unmark(); }

  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  ~Lab() override { unmark(); }

  rabbitmq::Broker& broker(const Deadline& /*deadline*/, const std::stop_token& /*stop*/) override
  {
    throw Error{{.what = "no broker here"}};
  }

  postgres::Database& database(const Deadline& deadline, const std::stop_token& stop) override
  {
    if (!database_) {
      database_ = postgres::connect(scratch_.endpoint(), deadline, stop);
    }
    return *database_;
  }

  void forget() override { database_.reset(); }

  void run(const std::string& sql)
  {
    const auto transaction = database(soon(), {}).begin(soon(), {});
    transaction->execute(sql);
    transaction->commit();
  }

  std::string ask(const std::string& sql)
  {
    return database(soon(), {}).begin(soon(), {})->query(sql, {}).at(0).at(0).value_or("NULL");
  }

  void load_all()
  {
    run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    run(read_file(BETY_CORE_SQL));
    run(k_rest_of_bety);
  }

  bool is_marked()
  {
    return deployment::is_load_unfinished(*database(soon(), {}).begin(soon(), {}), mark_);
  }

  std::vector<deployment::Task> tasks(std::optional<std::int64_t> site = {})
  {
    return deployment::make_bety_tasks(
        {.connect_server =
             [](const Deadline& deadline, const std::stop_token& stop) {
               return postgres::connect(test::endpoint(), deadline, stop);
             },
         .load =
             [this](const Deadline&, const std::stop_token&) {
               ++loads;
               on_load();
               return engine::JobResult{.log = {"the loader's last words"}};
             },
         .find_version = [this](const Deadline&, const std::stop_token&) { return version; },
         .migrate =
             [this](const Deadline&, const std::stop_token&) {
               steps.push_back("migrate to " + version);
               return engine::JobResult{.exit_code = version == "bad" ? 1 : 0};
             },
         .back_up =
             [this](const Deadline&, const std::stop_token&) {
               steps.emplace_back("save");
               return engine::JobResult{};
             },
         .host = "pecan.example.org",
         .site = site,
         .bety_password = Secret{"of bety"},
         .bety_key = Secret{"the key"},
         .admin_password = Secret{"of admin"},
         .load_mark = mark_},
        *this);
  }

  // Carries out what is not done; returns what that was.
  std::vector<std::string> deploy(std::optional<std::int64_t> site = {})
  {
    std::vector<std::string> done;
    for (const auto& task : tasks(site)) {
      if (!task.is_done(soon(), {})) {
        task.perform(soon(), {});
        done.push_back(task.id);
      }
    }
    return done;
  }

  std::function<void()> on_load = [this] { load_all(); };
  int loads = 0;
  std::string version = "1";
  std::vector<std::string> steps = {};

 private:
  void unmark() const
  {
    const auto server = postgres::connect(test::endpoint(), soon(), {});
    const auto transaction = server->begin(soon(), {});
    deployment::mark_load(*transaction, false, mark_);
    transaction->commit();
  }

  test::TestDatabase scratch_;
  // The server is everybody's.
  std::string mark_ = "pecanctl_loading_" + random_uuid().substr(0, 8);
  std::unique_ptr<postgres::Database> database_;
};

}  // namespace

TEST_CASE("make_bety_tasks: everything once, and then never again")
{
  Lab lab;
  CHECK(lab.deploy() == std::vector<std::string>{"BETY's data", "BETY's migrations", "user admin",
                                                 "user guestuser"});
  CHECK(lab.steps == std::vector<std::string>{"migrate to 1"});
  CHECK(lab.deploy().empty());
  CHECK(lab.loads == 1);
  CHECK_FALSE(lab.is_marked());
  CHECK(lab.ask("SELECT crypted_password FROM users WHERE login = 'admin'") ==
        bety_password_digest("admin", Secret{"of admin"}, Secret{"the key"}));
  CHECK(lab.ask("SELECT access_level || '/' || page_access_level FROM users WHERE login = "
                "'guestuser'") == "4/4");
  CHECK(lab.ask("SELECT min(id) FROM users") == "99000000001");
  CHECK(lab.ask("SELECT nextval('sites_id_seq')") == "99000000006");
}

TEST_CASE("make_bety_tasks: nothing is loaded onto rows")
{
  Lab lab;
  lab.run(read_file(BETY_CORE_SQL));
  CHECK(deployment::describe_rows(*lab.database(soon(), {}).begin(soon(), {})).empty());
  lab.run("INSERT INTO machines (hostname) VALUES ('a.example.org'), ('b.example.org')");
  const auto error = test::error_of([&] { lab.deploy(); });
  CHECK(error.code == ErrorCode::conflict);
  CHECK(error.why.find("machines (2)") != std::string::npos);
  CHECK(lab.loads == 0);
  CHECK_FALSE(lab.is_marked());
  CHECK(lab.ask("SELECT count(*) FROM machines") == "2");
}

TEST_CASE("make_bety_tasks: a load that was interrupted begins again, rows or not")
{
  Lab lab;
  lab.on_load = [&] {
    lab.load_all();
    throw Cancelled{};
  };
  CHECK_THROWS_AS(lab.deploy(), Cancelled);
  CHECK(lab.is_marked());
  lab.on_load = [&] { lab.load_all(); };
  CHECK(lab.deploy().front() == "BETY's data");
  CHECK(lab.loads == 2);
  CHECK_FALSE(lab.is_marked());
}

TEST_CASE("make_bety_tasks: a loader that leaves nothing behind is found out")
{
  Lab lab;
  lab.on_load = [] {};
  const auto error = test::error_of([&] { lab.deploy(); });
  CHECK(error.code == ErrorCode::failed);
  CHECK(error.trail == std::vector<std::string>{"the loader's last words"});
  CHECK(lab.is_marked());
}

TEST_CASE("make_bety_tasks: ids move into the site's range, and never back in it")
{
  Lab lab;
  lab.deploy();
  CHECK(lab.deploy(12) == std::vector<std::string>{"ids of site 12"});
  CHECK(lab.ask("SELECT nextval('sites_id_seq')") == "12000000001");
  lab.run("ALTER SEQUENCE sites_id_seq RESTART WITH 12000000500");
  CHECK(lab.deploy(12).empty());
  lab.run("ALTER SEQUENCE users_id_seq RESTART WITH 5");
  CHECK(lab.deploy(12) == std::vector<std::string>{"ids of site 12"});
  CHECK(lab.ask("SELECT nextval('sites_id_seq')") == "12000000500");
}

TEST_CASE("make_bety_tasks: another BETY migrates, after the database was saved")
{
  Lab lab;
  lab.deploy();
  lab.steps.clear();
  lab.version = "bad";
  CHECK(test::error_of([&] { lab.deploy(); }).what == "cannot migrate BETY's tables");
  lab.version = "2";
  CHECK(lab.deploy() == std::vector<std::string>{"BETY's migrations"});
  CHECK(lab.steps == std::vector<std::string>{"save", "migrate to bad", "save", "migrate to 2"});
  CHECK(lab.deploy().empty());
}

TEST_CASE("make_bety_tasks: tables that somebody else loaded are saved before they are migrated")
{
  Lab lab;
  lab.load_all();
  CHECK(lab.deploy().front() == "BETY's migrations");
  CHECK(lab.steps == std::vector<std::string>{"save", "migrate to 1"});
  CHECK(lab.loads == 0);
}
