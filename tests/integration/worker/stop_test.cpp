// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <csignal>
#include <cstdlib>

#include <doctest/doctest.h>

#include "core/base/fd.hpp"
#include "tests/integration/worker/worker_fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using namespace std::chrono_literals;

namespace {

bool is_said(const Lab& lab, const std::string& text)
{
  return eventually([&] { return lab.log().find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("pecan-worker: idle it leaves at once when asked")
{
  Lab lab;
  const auto worker = lab.start_worker();
  REQUIRE(eventually(
      [&] { return lab.broker().find_queue(lab.queue(), Deadline::in(5s), {})->consumers == 1; }));
  CHECK(std::system(PECAN_WORKER " --check") == 0);
  const auto start = std::chrono::steady_clock::now();
  worker->signal(SIGTERM);
  CHECK(worker->wait_for_end() == 0);
  const auto took = std::chrono::steady_clock::now() - start;
  MESSAGE(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  CHECK(took < 500ms);
}

TEST_CASE("pecan-worker: asked to stop it finishes its job and takes no other")
{
  Lab lab;
  const auto worker = lab.start_worker();
  const auto running = lab.make_gated_job("running");
  const auto waiting = lab.make_gated_job("waiting");
  lab.submit(running);
  lab.submit(waiting);
  REQUIRE(Lab::is_started(running));
  worker->signal(SIGTERM);
  REQUIRE(is_said(lab, "finishing the job first"));
  Lab::open_gate(running);
  CHECK(worker->wait_for_end() == 0);
  CHECK(Lab::wait_for_outcome(running) == "b'through the gate\\n'\nOK\n");
  CHECK(eventually([&] { return lab.count_ready() == 1; }));
  CHECK(Lab::list_runs(waiting).empty());
}

TEST_CASE("pecan-worker: asked twice it ends the job and gives it back")
{
  Lab lab;
  const auto worker = lab.start_worker();
  const auto folder = lab.make_gated_job("aborted");
  lab.submit(folder);
  REQUIRE(Lab::is_started(folder));
  worker->signal(SIGTERM);
  REQUIRE(is_said(lab, "finishing the job first"));
  worker->signal(SIGTERM);
  CHECK(worker->wait_for_end() == 143);
  CHECK_FALSE(std::filesystem::exists(folder / "rabbitmq.out"));
  CHECK(eventually([&] { return lab.count_ready() == 1; }));
}

TEST_CASE("pecan-worker: killed in a job it takes the job along and another runs it")
{
  Lab lab;
  auto worker = lab.start_worker();
  const auto folder =
      lab.make_job("killed", "(echo $$ >> runs; read -r line < gate; echo done); exit $?");
  REQUIRE(std::system(("mkfifo " + (folder / "gate").string()).c_str()) == 0);
  lab.submit(folder, "m1");
  REQUIRE(Lab::is_started(folder));
  worker->signal(SIGKILL);
  CHECK(worker->wait_for_end() == 128 + SIGKILL);
  const auto group = std::stoi(Lab::list_runs(folder).at(0));
  CHECK(eventually([&] { return ::kill(-group, 0) != 0; }));
  worker = lab.start_worker();
  REQUIRE(Lab::is_started(folder, 2));
  CHECK_FALSE(std::filesystem::exists(folder / "rabbitmq.out"));
  Lab::open_gate(folder);
  CHECK(Lab::wait_for_outcome(folder) == "b'done\\n'\nOK\n");
}

TEST_CASE("pecan-worker: without a broker it tries on and still leaves when asked")
{
  Lab lab;
  const auto url = service("PECANCTL_TEST_RABBITMQ");
  const auto at = url.find('@');
  const auto colon = url.rfind(':', at);
  const auto wrong = url.substr(0, colon) + ":wrong" + url.substr(at);
  const auto denied = lab.start_worker({"RABBITMQ_URI=" + wrong});
  CHECK(is_said(lab, "403 ACCESS_REFUSED"));
  const auto absent = lab.start_worker({"RABBITMQ_URI=amqp://guest:guest@127.0.0.1:1/"});
  CHECK(is_said(lab, "Connection refused"));
  for (const auto* const worker : {denied.get(), absent.get()}) {
    worker->signal(SIGTERM);
  }
  CHECK(denied->wait_for_end() == 0);
  CHECK(absent->wait_for_end() == 0);
  CHECK(lab.log().find("wrong") == std::string::npos);
}

TEST_CASE("pecan-worker: without a model.json it says so and exits 1")
{
  Lab lab;
  const auto worker = lab.start_worker({"PECAN_MODEL_JSON=none.json"});
  CHECK(worker->wait_for_end() == 1);
  CHECK(lab.log().find("cannot read none.json") != std::string::npos);
}
