// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/deployment/apply.hpp"
#include "tests/unit/deployment/fixture.hpp"

using namespace pecanctl;
using engine::State;
using test::DemoInstance;

namespace {

struct Deployed : DemoInstance {
  Deployed() { deploy(); }

  int destroy(engine::RetirePolicy policy = {})
  {
    const auto observed = backend.world;
    return deployment::apply_destroy(deployment::plan_destroy("demo", observed, true), observed,
                                     backend, policy, events, Deadline::in(limit),
                                     stop.get_token());
  }

  Error failure(engine::RetirePolicy policy = {})
  {
    try {
      destroy(policy);
    } catch (const Error& error) {
      return error;
    }
    return Error{{.what = "none"}};
  }
};

}  // namespace

TEST_CASE("deployment::apply_destroy: workers, then services, then the network, then volumes")
{
  Deployed demo;
  CHECK(demo.destroy() == 5);
  const auto at = [&](const char* call) { return demo.backend.position(call); };
  CHECK(at("remove demo-dalec-1") < at("halt demo-postgres-1"));
  CHECK(at("remove demo-rabbitmq-1") < at("remove network demo"));
  CHECK(at("remove network demo") < at("remove volume demo-data"));
  CHECK(demo.backend.world.replicas.empty());
}

TEST_CASE("deployment::apply_destroy: busy workers keep their broker")
{
  Deployed demo;
  demo.backend.busy = {{"demo-dalec-1", 1000}};
  const auto error = demo.failure({.drain = Deadline::in(std::chrono::milliseconds{0})});
  CHECK(error.code() == ErrorCode::timeout);
  CHECK(error.info().why == "demo-dalec-1 still run a job");
  CHECK(demo.backend.count("halt") == 0);
  CHECK(demo.backend.count("remove") == 0);
}

TEST_CASE("deployment::apply_destroy: goes on after a failure and lists what is left")
{
  Deployed demo;
  for (const auto* call : {"remove demo-postgres-1", "remove network demo"}) {
    demo.backend.failing.emplace(
        call, Error{{.code = ErrorCode::conflict, .what = "cannot", .why = "in use"}});
  }
  const auto error = demo.failure();
  CHECK(error.code() == ErrorCode::partial);
  CHECK(error.info().why ==
        "container demo-postgres-1: cannot: in use\nnetwork demo: cannot: in use");
  CHECK(demo.backend.has("remove volume demo-data"));
}

TEST_CASE("deployment::apply_destroy: an engine that went away ends it as unreachable")
{
  Deployed demo;
  demo.backend.failing.emplace("remove network demo", Error{{.code = ErrorCode::unreachable}});
  CHECK(demo.failure().code() == ErrorCode::unreachable);
  CHECK(demo.backend.count("remove volume") == 0);
}

TEST_CASE("deployment::apply_destroy: a stop request ends it between two steps")
{
  Deployed demo;
  demo.backend.on_call = [&](const std::string& call) {
    if (call == "remove network demo") {
      demo.stop.request_stop();
    }
  };
  CHECK_THROWS_AS(demo.destroy(), Cancelled);
  CHECK(demo.backend.count("remove volume") == 0);
}
