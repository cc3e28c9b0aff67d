// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/apply.hpp"

#include <doctest/doctest.h>

#include "tests/unit/deployment/fixture.hpp"

using namespace pecanctl;
using engine::Health;
using engine::State;
using test::DemoInstance;

namespace {

Error broken(std::string why, ErrorCode code = ErrorCode::failed)
{
  return Error{{.code = code, .what = "cannot do it", .why = std::move(why)}};
}

deployment::Task counting_task(std::string after, int& performed, int& asked)
{
  return {.id = "task after " + after,
          .after = std::move(after),
          .is_done =
              [&](const Deadline&, std::stop_token) {
                ++asked;
                return performed > 0;
              },
          .perform = [&](const Deadline&, std::stop_token) { ++performed; }};
}

}  // namespace

TEST_CASE("deployment::apply_deploy: what others depend on comes first and its task in between")
{
  DemoInstance demo;
  int performed = 0;
  int asked = 0;
  demo.tasks = {counting_task("rabbitmq", performed, asked)};
  demo.backend.on_call = [&](const std::string& call) {
    if (call == "create demo-dalec-1") {
      CHECK(performed == 1);
    }
  };
  CHECK(demo.apply() == 6);  // network, volume, three containers, the task
  CHECK(demo.backend.calls ==
        std::vector<std::string>{"network demo", "volume data", "files rabbitmq",
                                 "create demo-postgres-1", "create demo-rabbitmq-1",
                                 "start demo-postgres-1", "start demo-rabbitmq-1",
                                 "create demo-dalec-1", "start demo-dalec-1"});
}

TEST_CASE("deployment::apply_deploy: a service waits for what it depends on and for nothing else")
{
  DemoInstance demo;
  demo.options.stable_window = std::chrono::milliseconds{150};
  const auto starting = std::pair{State::running, Health::starting};
  demo.backend.scripts["postgres"] = {starting, starting, starting,
                                      starting, starting, {State::running, Health::healthy}};
  int performed = 0;
  int asked = 0;
  demo.tasks = {counting_task("rabbitmq", performed, asked)};
  int looks = 0;
  demo.backend.on_call = [&](const std::string& call) {
    if (call == "start demo-dalec-1") {
      looks = demo.backend.looks;
    }
  };
  CHECK(demo.apply() == 6);
  CHECK(performed == 1);
  // The broker was ready at the first look; neither its window nor the database holds up its
  // worker.
  CHECK(looks <= 3);
  CHECK(demo.backend.looks >= 6);
}

TEST_CASE("deployment::apply_deploy: what fails within its window fails the deploy")
{
  DemoInstance demo;
  demo.options.stable_window = std::chrono::milliseconds{250};
  demo.backend.scripts["rabbitmq"] = {{State::running, Health::healthy},
                                      {State::running, Health::healthy},
                                      {State::exited, Health::none}};
  CHECK(demo.failure_of_apply().starts_with("partial: demo-rabbitmq-1 did not come up"));
  CHECK(demo.backend.has("start demo-dalec-1"));  // it had begun by then
}

TEST_CASE("deployment::apply_deploy: the second time it writes nothing")
{
  DemoInstance demo;
  int performed = 0;
  int asked = 0;
  demo.tasks = {counting_task("rabbitmq", performed, asked)};
  demo.deploy();
  const int looks = demo.backend.looks;
  CHECK(demo.apply() == 0);
  CHECK(demo.backend.calls.empty());
  CHECK(performed == 1);
  CHECK(asked == 2);
  CHECK(demo.backend.looks == looks);  // what the plan was made from is all it needs
}

TEST_CASE("deployment::apply_deploy: what was not ready when it was planned is looked at again")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.find("demo-rabbitmq-1")->health = Health::starting;
  int looks = 0;
  demo.backend.on_look = [&] {
    if (++looks == 2) {
      demo.backend.find("demo-rabbitmq-1")->health = Health::healthy;
    }
  };
  CHECK(demo.apply() == 0);
  CHECK(looks == 2);
}

TEST_CASE("deployment::apply_deploy: what depends on a failed service does not start; others do")
{
  DemoInstance demo;
  demo.stack.services.push_back(
      {.name = "web", .image = {.reference = "web:1"}, .depends_on = {"postgres"}});
  demo.stack.services.push_back(
      {.name = "monitor", .image = {.reference = "monitor:1"}, .depends_on = {"dalec"}});
  demo.refresh();
  int performed = 0;
  int asked = 0;
  demo.tasks = {counting_task("rabbitmq", performed, asked)};
  demo.backend.scripts["rabbitmq"] = {{State::exited, Health::none}};
  const auto failure = demo.failure_of_apply();
  CHECK(failure.starts_with("partial: demo-rabbitmq-1 did not come up: it is exited, exit code 3"));
  CHECK(demo.backend.has("start demo-web-1"));
  CHECK_FALSE(demo.backend.has("create demo-dalec-1"));
  CHECK_FALSE(demo.backend.has("create demo-monitor-1"));
  CHECK(asked == 0);
}

TEST_CASE("deployment::apply_deploy: a container that cannot start is not left behind")
{
  DemoInstance demo;
  demo.backend.failing.emplace("start demo-postgres-1", broken("port 5432 is taken"));
  CHECK(demo.failure_of_apply() == "partial: cannot start demo-postgres-1: port 5432 is taken");
  CHECK(demo.backend.has("remove demo-postgres-1"));
  CHECK(demo.backend.find("demo-postgres-1") == nullptr);
  CHECK(demo.backend.find("demo-dalec-1") != nullptr);
}

TEST_CASE("deployment::apply_deploy: a container that existed and cannot start stays")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.find("demo-postgres-1")->state = State::exited;
  demo.backend.failing.emplace("start demo-postgres-1", broken("no space", ErrorCode::failed));
  CHECK(demo.failure_of_apply() == "failed: cannot start demo-postgres-1: no space");
  CHECK(demo.backend.find("demo-postgres-1") != nullptr);
}

TEST_CASE("deployment::apply_deploy: a resume that fails is told")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.find("demo-dalec-1")->state = State::paused;
  demo.backend.failing.emplace("thaw demo-dalec-1", broken("cgroup is busy"));
  CHECK(demo.failure_of_apply() == "failed: cannot start demo-dalec-1: cgroup is busy");
}

TEST_CASE("deployment::apply_deploy: nothing but timeouts is a timeout")
{
  DemoInstance demo;
  demo.deploy();
  demo.options.ready_timeout = std::chrono::milliseconds{1};
  demo.desired.replicas["dalec"] = 2;
  demo.probe = [](const auto&...) {
    return std::optional<std::string>{"1 of 2 workers take jobs"};
  };
  const auto failure = demo.failure_of_apply();
  CHECK(failure.starts_with("timeout: demo-dalec-"));
  CHECK(failure.find("1 of 2 workers take jobs") != std::string::npos);
}

TEST_CASE("deployment::apply_deploy: what runs elsewhere is set up first, and holds up all")
{
  DemoInstance demo;
  std::erase_if(demo.stack.services,
                [](const stack::Service& service) { return service.name == "postgres"; });
  demo.stack.externals.push_back({.service = "postgres", .host = "db.example.org"});
  demo.refresh();
  bool is_done = false;
  std::size_t containers = 99;
  demo.tasks = {{.id = "tables",
                 .after = "postgres",
                 .is_done = [&](const Deadline&, const std::stop_token&) { return is_done; },
                 .perform =
                     [&](const Deadline&, const std::stop_token&) {
                       containers = demo.backend.world.replicas.size();
                       throw Error{{.code = ErrorCode::failed, .what = "cannot make the tables"}};
                     }}};
  CHECK(demo.failure_of_apply().find("cannot make the tables") != std::string::npos);
  CHECK(containers == 0);
  CHECK(demo.backend.world.replicas.empty());
  is_done = true;
  CHECK_NOTHROW(demo.apply());
  CHECK(demo.backend.world.replicas.size() == 2);
}

TEST_CASE("deployment::apply_deploy: a kept container that is ill fails the deploy and its tasks")
{
  DemoInstance demo;
  demo.deploy();
  int performed = 0;
  int asked = 0;
  demo.tasks = {counting_task("rabbitmq", performed, asked)};
  demo.backend.find("demo-rabbitmq-1")->health = Health::unhealthy;
  CHECK(demo.failure_of_apply().starts_with(
      "failed: demo-rabbitmq-1 did not come up: its health check fails"));
  CHECK(asked == 0);
}

TEST_CASE("deployment::apply_deploy: a failed task fails its service and nothing else")
{
  DemoInstance demo;
  demo.tasks = {
      {.id = "queue",
       .after = "rabbitmq",
       .is_done = [](const Deadline&, std::stop_token) { return false; },
       .perform = [](const Deadline&, std::stop_token) { throw broken("the broker says no"); }}};
  CHECK(demo.failure_of_apply() == "partial: cannot do it: the broker says no");
  CHECK(demo.backend.find("demo-postgres-1")->state == State::running);
  CHECK_FALSE(demo.backend.has("create demo-dalec-1"));
}

TEST_CASE("deployment::apply_deploy: files are written once a service and not for more of the same")
{
  DemoInstance demo;
  demo.service("dalec").files = {{.name = "key", .content = Secret{"k"}}};
  demo.desired.replicas["dalec"] = 3;
  demo.apply();
  CHECK(demo.backend.count("files dalec") == 1);
  demo.backend.calls.clear();
  demo.desired.replicas["dalec"] = 5;
  demo.apply();
  CHECK(demo.backend.count("files") == 0);
  CHECK(demo.backend.count("start") == 2);
}

TEST_CASE("deployment::apply_deploy: scaling up beside outdated workers writes the new files")
{
  DemoInstance demo;
  demo.service("dalec").files = {{.name = "key", .content = Secret{"old"}}};
  demo.deploy();
  demo.service("dalec").files[0].content = Secret{"new"};
  demo.desired.only = {"dalec"};
  demo.desired.replaces_outdated = false;
  demo.desired.replicas["dalec"] = 2;
  demo.apply();
  CHECK(demo.backend.has("files dalec"));
}

TEST_CASE("deployment::apply_deploy: scaling down removes idle workers before busy ones")
{
  for (const bool drains : {true, false}) {
    CAPTURE(drains);
    DemoInstance demo;
    demo.desired.replicas["dalec"] = 4;
    demo.deploy();
    for (auto& replica : demo.backend.world.replicas) {
      replica.drains_on_signal = drains;
    }
    demo.backend.busy = {{"demo-dalec-3", 1000}, {"demo-dalec-4", 1000}};
    auto scaled = demo.desired;
    scaled.replicas["dalec"] = 2;
    const auto plan = deployment::plan_deploy(scaled, demo.backend.world);
    const deployment::Deployment deployment{
        .plan = plan, .desired = scaled, .tasks = {}, .probe = demo.probe, .options = demo.options};
    CHECK(deployment::apply_deploy(deployment, demo.backend, demo.events, Deadline::in(demo.limit),
                                   {}) == 2);
    CHECK(demo.backend.find("demo-dalec-1") == nullptr);
    CHECK(demo.backend.find("demo-dalec-2") == nullptr);
    CHECK(demo.backend.find("demo-dalec-3")->state == State::running);
    CHECK(demo.backend.find("demo-dalec-4")->state == State::running);
  }
}

TEST_CASE("deployment::apply_deploy: workers that stay busy are a timeout that names them")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.busy = {{"demo-dalec-1", 1000}};
  demo.desired.replicas["dalec"] = 0;
  demo.options.retire.drain = Deadline::in(std::chrono::milliseconds{0});
  CHECK(demo.failure_of_apply().starts_with("timeout: demo-dalec-1 still runs a job"));
  CHECK(demo.backend.find("demo-dalec-1")->state == State::running);
}

TEST_CASE("deployment::apply_deploy: a service that is not wanted any more and stays is told")
{
  DemoInstance demo;
  demo.deploy();
  demo.backend.add("demo", "web", 1);
  demo.backend.failing.emplace("remove demo-web-1", broken("device is busy"));
  CHECK(demo.failure_of_apply() == "failed: cannot do it: device is busy");
}

TEST_CASE("deployment::apply_deploy: a stop request ends it at once and leaves what a repeat needs")
{
  DemoInstance demo;
  demo.backend.on_call = [&](const std::string& call) {
    if (call == "create demo-rabbitmq-1") {
      demo.stop.request_stop();
    }
  };
  CHECK_THROWS_AS(demo.apply(), Cancelled);
  CHECK(demo.backend.count("start") == 0);
  demo.stop = {};
  demo.backend.on_call = {};
  CHECK(demo.failure_of_apply() == "none");
  CHECK(demo.plan().is_empty());
}
