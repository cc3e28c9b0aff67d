// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/plan.hpp"

#include <doctest/doctest.h>

#include "core/engine/container_config.hpp"
#include "tests/unit/deployment/fixture.hpp"

using namespace pecanctl;
using engine::State;
using test::DemoInstance;

TEST_CASE("deployment::plan_deploy: the first deploy makes everything")
{
  DemoInstance demo;
  CHECK(demo.plan_text() ==
        "create network demo (new)\n"
        "create volume demo-data (new)\n"
        "create demo-postgres-1 (new)\n"
        "create demo-rabbitmq-1 (new)\n"
        "create demo-dalec-1 (new)");
  CHECK(demo.plan().revision == 1);
}

TEST_CASE("deployment::plan_deploy: what is as wanted stays")
{
  DemoInstance demo;
  demo.deploy();
  const auto plan = demo.plan();
  CHECK(plan.is_empty());
  CHECK(plan.revision == 1);
  CHECK(plan.unchanged ==
        std::map<std::string, int>{{"dalec", 1}, {"postgres", 1}, {"rabbitmq", 1}});
  CHECK(plan.kept.size() == 3);
}

TEST_CASE("deployment::plan_deploy: what has no image is left as it is, its files too")
{
  DemoInstance demo;
  demo.desired.without = {"rabbitmq"};
  CHECK(demo.plan_text().find("rabbitmq") == std::string::npos);
  demo.desired.without.clear();
  demo.deploy();
  demo.backend.world.volumes.push_back(
      {.name = engine::files_volume_name(demo.stack, demo.service("rabbitmq")), .key = "rabbitmq"});
  demo.service("rabbitmq").files.front().content = Secret{"a = 2"};
  CHECK_FALSE(demo.plan().is_empty());
  demo.desired.without = {"rabbitmq"};
  CHECK(demo.plan_text() == "");
}

TEST_CASE("deployment::plan_deploy: files that are part of a container may be missing in one made")
{
  DemoInstance demo;
  demo.service("postgres").files = {{.name = "a", .content = Secret{"b"}, .folder = "/etc"}};
  demo.refresh();
  demo.deploy();
  demo.backend.find("demo-postgres-1")->state = State::created;
  CHECK(demo.plan_text() == "replace demo-postgres-2 (left unfinished by an interrupted command)");
}

TEST_CASE("deployment::plan_deploy: changes, one by one")
{
  DemoInstance demo;
  demo.deploy();

  struct Row {
    const char* name;
    std::function<void()> change;
    std::string expected;
  };

  const std::vector<Row> rows{
      {"scale up takes the free numbers", [&] { demo.desired.replicas["dalec"] = 3; },
       "create demo-dalec-2 (replicas 1 -> 3)\ncreate demo-dalec-3 (replicas 1 -> 3)"},
      {"scale to nothing", [&] { demo.desired.replicas["dalec"] = 0; },
       "remove demo-dalec-1 (replicas 1 -> 0)"},
      {"another image",
       [&] {
         demo.service("postgres").image.reference = "postgres:16";
         demo.refresh();
       },
       "replace demo-postgres-2 (image postgres:15 -> postgres:16)"},
      {"the same reference, built anew", [&] { demo.desired.images["dalec"].id = "sha256:other"; },
       "replace demo-dalec-2 (image dalec:1 was rebuilt)"},
      {"crashed", [&] { demo.backend.find("demo-postgres-1")->state = State::exited; },
       "start demo-postgres-1 (it is exited)"},
      {"made, never started", [&] { demo.backend.find("demo-postgres-1")->state = State::created; },
       "start demo-postgres-1 (it is created)"},
      {"left frozen", [&] { demo.backend.find("demo-dalec-1")->state = State::paused; },
       "resume demo-dalec-1 (left frozen by an interrupted command)"},
      {"restarting counts as up: the wait judges it",
       [&] { demo.backend.find("demo-dalec-1")->state = State::restarting; }, ""},
      {"a dead container is replaced",
       [&] { demo.backend.find("demo-dalec-1")->state = State::dead; }, "replace demo-dalec-2 ()"},
      {"not in the file any more", [&] { demo.stack.services.pop_back(); },
       "remove demo-dalec-1 (not in pecan.yml any more)"},
      {"a helper's container",
       [&] { demo.backend.add("demo", "", 0, State::created).name = "demo-data-helper"; },
       "remove demo-data-helper (left by an interrupted command)"},
      {"the network is gone", [&] { demo.backend.world.networks.clear(); },
       "create network demo (new)"},
      {"the volume is gone", [&] { demo.backend.world.volumes.clear(); },
       "create volume demo-data (new)"},
  };
  const auto world = demo.backend.world;
  const auto stack = demo.stack;
  for (const auto& row : rows) {
    CAPTURE(row.name);
    demo.backend.world = world;
    demo.stack = stack;
    demo.desired = {};
    demo.refresh();
    row.change();
    CHECK(demo.plan_text() == row.expected);
  }
}

TEST_CASE(
    "deployment::plan_deploy: scaling down takes the last ones and those that do not run first")
{
  DemoInstance demo;
  demo.desired.replicas["dalec"] = 4;
  demo.deploy();
  demo.backend.find("demo-dalec-2")->state = State::exited;
  demo.desired.replicas["dalec"] = 2;
  CHECK(demo.plan_text() ==
        "remove demo-dalec-4 (replicas 4 -> 2)\nremove demo-dalec-2 (replicas 4 -> 2)");
  const auto plan = demo.plan();
  CHECK(plan.actions.front().is_by_count);
}

TEST_CASE("deployment::plan_deploy: a gap in the numbers is filled first")
{
  DemoInstance demo;
  demo.desired.replicas["dalec"] = 3;
  demo.deploy();
  std::erase_if(demo.backend.world.replicas,
                [](const auto& replica) { return replica.name == "demo-dalec-2"; });
  CHECK(demo.plan_text() == "create demo-dalec-2 (replicas 2 -> 3)");
}

TEST_CASE("deployment::plan_deploy: a selection leaves other services alone")
{
  DemoInstance demo;
  demo.deploy();
  demo.service("postgres").image.reference = "postgres:16";
  demo.service("dalec").image.reference = "dalec:2";
  demo.backend.add("demo", "sipnet", 1);
  demo.refresh();
  demo.desired.only = {"dalec"};
  CHECK(demo.plan_text() == "replace demo-dalec-2 (image dalec:1 -> dalec:2)");
}

TEST_CASE("deployment::plan_deploy: scale keeps outdated workers and remembers that they are")
{
  DemoInstance demo;
  demo.deploy();
  demo.service("dalec").image.reference = "dalec:2";
  demo.refresh();
  demo.desired.only = {"dalec"};
  demo.desired.replaces_outdated = false;
  demo.desired.replicas["dalec"] = 2;
  CHECK(demo.plan_text() == "create demo-dalec-2 (replicas 1 -> 2)");
  CHECK(demo.plan().outdated == std::set<std::string>{"dalec"});
  CHECK(demo.plan().revision == 1);
}

TEST_CASE("deployment::plan_deploy: an outdated one beside its finished replacement is removed")
{
  DemoInstance demo;
  demo.deploy();
  auto& old = demo.backend.add("demo", "postgres", 2, State::exited);
  old.spec = "{}";
  CHECK(demo.plan_text() == "remove demo-postgres-2 (no longer wanted)");
  CHECK_FALSE(demo.plan().actions.front().is_by_count);
}

TEST_CASE("deployment::plan_deploy: a replacement that was made and not started is used")
{
  DemoInstance demo;
  demo.deploy();
  auto fresh = *demo.backend.find("demo-postgres-1");
  demo.backend.find("demo-postgres-1")->spec = "{}";
  fresh.id = "fresh";
  fresh.number = 2;
  fresh.name = "demo-postgres-2";
  fresh.state = State::created;
  demo.backend.world.replicas.push_back(fresh);
  const auto plan = demo.plan();
  REQUIRE(plan.actions.size() == 1);
  CHECK(plan.actions[0].verb == deployment::Verb::replace);
  CHECK(plan.actions[0].id == "fresh");
  CHECK(plan.actions[0].outdated->name == "demo-postgres-1");
  CHECK(plan.revision == 1);
}

TEST_CASE("deployment::plan_deploy: starting what is there is no new revision")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.find("demo-postgres-1")->state = State::exited;
  CHECK(demo.plan().revision == 1);
  demo.desired.replicas["dalec"] = 2;
  CHECK(demo.plan().revision == 2);
}

TEST_CASE("deployment::plan_deploy: a volume is filled again until a first container exists")
{
  DemoInstance demo;
  demo.backend.world.networks = {{.id = "net", .name = "demo"}};
  demo.backend.world.volumes = {{.name = "demo-data", .key = "data", .is_data = true}};
  demo.backend.add("demo", "", 0, State::created).name = "demo-data-helper";
  CHECK(demo.plan_text().starts_with(
      "create volume demo-data (make sure of its folders)\ncreate demo-postgres-1 (new)"));
}

TEST_CASE("deployment::plan_deploy: files of an earlier version go, those in use stay")
{
  DemoInstance demo;
  demo.deploy();
  const auto& broker = demo.service("rabbitmq");
  demo.backend.world.volumes.push_back(
      {.name = engine::files_volume_name(demo.stack, broker), .key = "rabbitmq"});
  CHECK(demo.plan().is_empty());
  demo.backend.world.volumes.push_back({.name = "demo-rabbitmq-files-0", .key = "rabbitmq"});
  CHECK(demo.plan_text() == "remove volume demo-rabbitmq-files-0 (files of an earlier version)");
  demo.desired.replaces_outdated = false;  // scaling leaves them to the outdated workers
  CHECK(demo.plan().is_empty());
}

TEST_CASE("deployment::plan_deploy: workers share the network of a holder, which stays as it is")
{
  DemoInstance demo;
  demo.deploy();
  demo.add_holder();
  CHECK(demo.plan_text() ==
        "replace demo-dalec-2 (network_of none -> dalec-net)\n"
        "create demo-dalec-net-1 (new)");
  demo.deploy();
  CHECK(demo.plan_text().empty());
  demo.service("dalec-net").image.reference = "holder:2";
  demo.refresh();
  CHECK(demo.plan_text().empty());

  SUBCASE("one that the engine did not start again is started, and they with it")
  {
    demo.backend.find("demo-dalec-net-1")->state = engine::State::exited;
    demo.backend.find("demo-dalec-2")->state = engine::State::exited;
    CHECK(demo.plan_text() ==
          "start demo-dalec-2 (it is exited)\n"
          "start demo-dalec-net-1 (it is exited)");
  }
  SUBCASE("one that ended under running workers is started, and they are replaced")
  {
    demo.backend.find("demo-dalec-net-1")->state = engine::State::exited;
    CHECK(demo.plan_text() ==
          "replace demo-dalec-1 (its network is gone)\n"
          "start demo-dalec-net-1 (it is exited)");
  }
  SUBCASE("without it they are cut off: scaling replaces them too")
  {
    std::erase_if(demo.backend.world.replicas,
                  [](const auto& replica) { return replica.service == "dalec-net"; });
    demo.desired.replaces_outdated = false;
    CHECK(demo.plan_text() ==
          "replace demo-dalec-1 (its network is gone)\n"
          "create demo-dalec-net-1 (new)");
    demo.deploy();
    CHECK(demo.plan_text().empty());
  }
  SUBCASE("a model that is not wanted any more takes its holder along")
  {
    std::erase_if(demo.stack.services,
                  [](const auto& service) { return service.name.starts_with("dalec"); });
    SUBCASE("") {}
    SUBCASE("but not while a worker needs it for its job")
    {
      demo.backend.busy = {{"demo-dalec-2", 1000}};
      demo.options.retire.drain = Deadline::in(std::chrono::milliseconds{0});
      const auto failure = demo.failure_of_apply();
      CHECK(failure.find("demo-dalec-2 still runs a job") != std::string::npos);
      CHECK(demo.backend.find("demo-dalec-net-1")->state == engine::State::running);
      demo.backend.busy.clear();
    }
    demo.apply();
    CHECK(demo.backend.calls.back() == "remove demo-dalec-net-1");
    CHECK(demo.backend.find("demo-dalec-2") == nullptr);
  }
  SUBCASE("those that get a network each are replaced, and then it goes")
  {
    std::erase_if(demo.stack.services,
                  [](const auto& service) { return service.name == "dalec-net"; });
    demo.service("dalec").joins.clear();
    demo.service("dalec").depends_on = {"rabbitmq"};
    CHECK(demo.plan_text() ==
          "replace demo-dalec-1 (network_of dalec-net -> none)\n"
          "remove demo-dalec-net-1 (not in pecan.yml any more)");
    demo.apply();
    CHECK(demo.backend.calls.back() == "remove demo-dalec-net-1");
  }
}

TEST_CASE("deployment::plan_destroy: workers go first and data stays unless said otherwise")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.world.volumes.push_back({.name = "demo-rabbitmq-files", .key = "rabbitmq"});
  for (const bool with_data : {false, true}) {
    const auto plan = deployment::plan_destroy("demo", demo.backend.world, with_data);
    std::vector<std::string> names;
    for (const auto& action : plan.actions) {
      names.push_back(action.name);
    }
    std::vector<std::string> expected{"demo-dalec-1", "demo-postgres-1", "demo-rabbitmq-1", "demo"};
    if (with_data) {
      expected.emplace_back("demo-data");
    }
    expected.emplace_back("demo-rabbitmq-files");
    CHECK(names == expected);
    CHECK(plan.deletes_data() == with_data);
  }
}
