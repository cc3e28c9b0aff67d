// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/wait.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_backend.hpp"
#include "tests/support/recorder.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using engine::Health;
using engine::State;

namespace {

struct WaitLab {
  std::map<std::string, Error> wait(std::chrono::milliseconds window = 0ms,
                                    std::chrono::milliseconds limit = 20s)
  {
    backend.add("demo", service.name, 1);
    const deployment::Awaited awaited{
        .id = "id-demo-web-1", .name = "demo-web-1", .service = &service};
    backend.start(std::vector<std::string>{awaited.id}, {}, Deadline::never(), {});
    return deployment::wait_ready({&awaited, 1}, {}, backend, probe, window, events,
                                  Deadline::in(limit), {});
  }

  std::string why(std::chrono::milliseconds limit = 20s)
  {
    const auto failures = wait(0ms, limit);
    return failures.empty() ? "none" : failures.begin()->second.info().why;
  }

  stack::Service service{.name = "web"};
  test::FakeBackend backend;
  test::Recorder events;
  deployment::WorkerProbe probe;
};

}  // namespace

TEST_CASE("deployment::wait_ready: no longer than the health check says")
{
  WaitLab lab;
  lab.backend.scripts["web"] = {{State::running, Health::starting},
                                {State::running, Health::starting},
                                {State::running, Health::healthy}};
  CHECK(lab.wait().empty());
  CHECK(lab.backend.looks == 3);
}

TEST_CASE("deployment::wait_ready: a flap starts the window again")
{
  WaitLab lab;
  lab.backend.scripts["web"] = {{State::running, Health::healthy},
                                {State::running, Health::starting},
                                {State::running, Health::healthy}};
  const auto begun = std::chrono::steady_clock::now();
  CHECK(lab.wait(250ms).empty());
  // Looks are 100 ms apart: the window counts from the third.
  CHECK(std::chrono::steady_clock::now() - begun >= 440ms);
}

TEST_CASE("deployment::wait_ready: a failure is explained with its health check and its last lines")
{
  WaitLab lab;
  lab.backend.scripts["web"] = {{State::running, Health::starting},
                                {State::running, Health::unhealthy}};
  lab.backend.log = {"listening", "bad \x1b[31mconfig"};
  const auto info = lab.wait().begin()->second.info();
  CHECK(info.why == "its health check fails");
  const std::vector<std::string> words{"listening", "bad \x1b[31mconfig",
                                       "health check: connection refused"};
  CHECK(info.trail == words);  // as they are: those who show them make them harmless
}

TEST_CASE("deployment::wait_ready: ended, restarting and gone are failures at once")
{
  WaitLab lab;
  SUBCASE("ended")
  {
    lab.backend.scripts["web"] = {{State::exited, Health::none}};
    CHECK(lab.why().starts_with("it is exited, exit code 3"));
  }
  SUBCASE("restarting")
  {
    lab.backend.scripts["web"] = {{State::restarting, Health::none}};
    CHECK(lab.why().starts_with("it is restarting, exit code 3"));
  }
  SUBCASE("gone")
  {
    lab.backend.on_look = [&] { lab.backend.world.replicas.clear(); };
    CHECK(lab.why().starts_with("it is gone"));
  }
  CHECK(lab.backend.looks == 1);
}

TEST_CASE("deployment::wait_ready: a timeout says what was waited for")
{
  WaitLab lab;
  lab.backend.scripts["web"] = {{State::running, Health::starting}};
  const auto failures = lab.wait(0ms, 1ms);
  REQUIRE(failures.size() == 1);
  CHECK(failures.begin()->second.code() == ErrorCode::timeout);
  CHECK(failures.begin()->second.info().why.starts_with("timed out waiting (health: starting)"));
}

TEST_CASE("deployment::wait_ready: workers are ready when the broker knows all that run")
{
  WaitLab lab;
  lab.service.role = stack::Role::worker;
  int asked = 0;
  lab.backend.add("demo", "web", 2);
  lab.backend.add("demo", "web", 3, State::paused);
  lab.backend.add("demo", "other", 1);
  lab.probe = [&](const stack::Service& service, std::size_t count, const Deadline&,
                  std::stop_token) -> std::optional<std::string> {
    CHECK(service.name == "web");
    CHECK(count == 2);
    return ++asked < 3 ? std::optional<std::string>{"1 of 2 workers take jobs"} : std::nullopt;
  };
  CHECK(lab.wait(10s).empty());  // no window for workers
  CHECK(asked == 3);
  CHECK(lab.events.all<StepProgress>().back().state == "1 of 2 workers take jobs");
}
