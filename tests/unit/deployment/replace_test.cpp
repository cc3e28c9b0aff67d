// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/deployment/apply.hpp"
#include "tests/unit/deployment/fixture.hpp"

using namespace pecanctl;
using engine::Health;
using engine::State;
using test::DemoInstance;

namespace {

// The database is to be replaced stop-first.
struct Outdated : DemoInstance {
  Outdated()
  {
    deploy();
    service("postgres").image.reference = "postgres:16";
    refresh();
  }

  std::ptrdiff_t at(const std::string& call) const { return backend.position(call); }

  bool is_old_up()
  {
    const auto* old = backend.find("demo-postgres-1");
    return old != nullptr && old->state == State::running &&
           backend.find("demo-postgres-2") == nullptr;
  }
};

// Four workers are to be replaced start-first.
struct OutdatedWorkers : DemoInstance {
  OutdatedWorkers()
  {
    desired.replicas["dalec"] = 4;
    deploy();
    for (auto& replica : backend.world.replicas) {
      replica.drains_on_signal = replica.is_worker;
    }
    service("dalec").image.reference = "dalec:2";
    refresh();
  }
};

}  // namespace

TEST_CASE("deployment replace: stop-first halts the old one, proves the new one, then removes")
{
  Outdated demo;
  CHECK(demo.apply() == 1);
  CHECK(demo.backend.calls ==
        std::vector<std::string>{"create demo-postgres-2", "halt demo-postgres-1",
                                 "start demo-postgres-2", "remove demo-postgres-1"});
  CHECK(demo.plan().is_empty());
}

TEST_CASE("deployment replace: one that does not come up is taken back")
{
  Outdated demo;
  SUBCASE("it ends")
  {
    demo.backend.scripts["demo-postgres-2"] = {{State::exited, Health::none}};
  }
  SUBCASE("it is ill")
  {
    demo.backend.scripts["demo-postgres-2"] = {{State::running, Health::starting},
                                               {State::running, Health::unhealthy}};
  }
  SUBCASE("it cannot start")
  {
    demo.backend.failing.emplace("start demo-postgres-2", Error{{.code = ErrorCode::failed}});
  }
  SUBCASE("the old one cannot be halted")
  {
    demo.backend.failing.emplace("halt demo-postgres-1", Error{{.code = ErrorCode::failed}});
  }
  CHECK(demo.failure_of_apply().starts_with("failed: "));
  CHECK(demo.is_old_up());
}

TEST_CASE("deployment replace: it is taken back also when the operator interrupts")
{
  for (const std::string moment : {"halt demo-postgres-1", "start demo-postgres-2", "look"}) {
    CAPTURE(moment);
    Outdated demo;
    demo.backend.scripts["demo-postgres-2"] = {{State::running, Health::starting}};
    demo.backend.on_call = [&](const std::string& call) {
      if (call == moment) {
        demo.stop.request_stop();
      }
    };
    demo.backend.on_look = [&] {
      if (moment == "look" && demo.backend.has("start demo-postgres-2")) {
        demo.stop.request_stop();
      }
    };
    CHECK_THROWS_AS(demo.apply(), Cancelled);
    CHECK(demo.is_old_up());
  }
}

TEST_CASE("deployment replace: start-first proves one before it touches the others")
{
  OutdatedWorkers demo;
  demo.apply();
  CHECK(demo.backend.position("start demo-dalec-5") < demo.backend.position("term demo-dalec-1"));
  CHECK(demo.backend.position("remove demo-dalec-1") < demo.backend.position("start demo-dalec-6"));
  CHECK(demo.backend.position("start demo-dalec-8") < demo.backend.position("term demo-dalec-2"));
  CHECK(demo.plan().is_empty());
}

TEST_CASE("deployment replace: a canary that fails ends it; old workers work on, no new one stays")
{
  OutdatedWorkers demo;
  demo.backend.scripts["dalec"] = {{State::restarting, Health::none}};
  CHECK(demo.failure_of_apply().starts_with("failed: demo-dalec-5 did not come up"));
  CHECK(demo.backend.count("start") == 1);
  CHECK(demo.backend.count("term") == 0);
  for (int number = 1; number <= 8; ++number) {
    const auto* worker = demo.backend.find(fmt::format("demo-dalec-{}", number));
    CHECK((worker != nullptr) == (number <= 4));
  }
}

TEST_CASE("deployment replace: an old version is kept while the new one of a crashed run is ill")
{
  Outdated demo;
  auto fresh = *demo.backend.find("demo-postgres-1");
  fresh.id = "fresh";
  fresh.name = "demo-postgres-2";
  fresh.number = 2;
  fresh.health = Health::unhealthy;
  fresh.spec = stack::render_spec(demo.service("postgres"), demo.stack.owner);
  fresh.image_id = demo.desired.images.at("postgres").id;
  demo.backend.find("demo-postgres-1")->state = State::exited;
  demo.backend.world.replicas.push_back(fresh);
  CHECK(demo.failure_of_apply().starts_with("failed: demo-postgres-2 did not come up"));
  CHECK(demo.backend.find("demo-postgres-1") != nullptr);
}
