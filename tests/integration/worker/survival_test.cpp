// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <csignal>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "tests/integration/worker/worker_fixture.hpp"
#include "tests/support/broker_control.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using namespace std::chrono_literals;

TEST_CASE("pecan-worker: a connection that the broker closes in a job neither stops nor doubles it")
{
  Lab lab;
  const auto worker = lab.start_worker();
  std::size_t told = 0;  // where the next word about a job that was run already is looked for
  for (const std::string id : {"with-an-id", ""}) {
    CAPTURE(id);
    const auto folder = lab.make_gated_job("job" + id);
    lab.submit(folder, id);
    REQUIRE(Lab::is_started(folder));
    REQUIRE(close_connections("pecan-worker " + lab.queue()) == 1);
    REQUIRE(eventually([&] { return lab.count_ready() == 1; }));  // given back by the broker
    Lab::open_gate(folder);
    CHECK(Lab::wait_for_outcome(folder) == "b'through the gate\\n'\nOK\n");
    CHECK(eventually([&] { return lab.count_ready() == 0; }));
    CHECK(eventually(
        [&] { return lab.log().find("was run already, OK", told) != std::string::npos; }));
    told = lab.log().size();
    CHECK(Lab::list_runs(folder).size() == 1);
  }
  worker->signal(SIGTERM);
  CHECK(worker->wait_for_end() == 0);
  CHECK(lab.count_ready() == 0);
}

TEST_CASE("pecan-worker: idle and without a broker for too long, it leaves to be started anew")
{
  Lab lab;
  const auto worker =
      lab.start_worker({"RABBITMQ_URI=amqp://127.0.0.1:1/%2F", "PECAN_WORKER_PATIENCE=1"});
  CHECK(worker->wait_for_end(5s) == 1);
  CHECK(lab.log().find("no broker for too long") != std::string::npos);
}

TEST_CASE("pecan-worker: --hold does nothing until it is told to stop")
{
  Lab lab;
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto holder = lab.start_worker({}, "--hold");
    CHECK_FALSE(holder->wait_for_end(200ms));
    holder->signal(signal);
    CHECK(holder->wait_for_end(2s) == 0);
  }
}

TEST_CASE("pecan-worker: a second worker waits for the one at the job and answers with its outcome")
{
  Lab lab;
  lab.ask_for_replies();
  const auto first = lab.start_worker();
  const auto folder = lab.make_gated_job("shared");
  lab.submit(folder, "m1");
  REQUIRE(Lab::is_started(folder));
  const auto second = lab.start_worker();
  lab.submit(folder, "m1");  // the same message again, while it runs
  REQUIRE(
      eventually([&] { return lab.log().find("another worker is at it") != std::string::npos; }));
  Lab::open_gate(folder);
  for (int i = 0; i < 2; ++i) {
    const auto reply = lab.next_reply();
    REQUIRE(reply.has_value());
    CHECK(nlohmann::json::parse(reply->body)["status"] == "OK");
  }
  CHECK(Lab::list_runs(folder).size() == 1);
}

TEST_CASE("pecan-worker: a worker that waits for a folder leaves at once when asked")
{
  Lab lab;
  const auto first = lab.start_worker();
  const auto folder = lab.make_gated_job("shared");
  lab.submit(folder, "m1");
  REQUIRE(Lab::is_started(folder));
  const auto second = lab.start_worker();
  lab.submit(folder, "m2");
  REQUIRE(
      eventually([&] { return lab.log().find("another worker is at it") != std::string::npos; }));
  second->signal(SIGTERM);
  CHECK(second->wait_for_end(2s) == 0);
  CHECK(eventually([&] { return lab.count_ready() == 1; }));
  // Else the first worker would go on with it, and take its own outcome away.
  CHECK(lab.broker().purge_queue(lab.queue(), Deadline::in(5s), {}) == 1);
  Lab::open_gate(folder);
  CHECK(Lab::wait_for_outcome(folder).ends_with("OK\n"));
}

TEST_CASE("pecan-worker: a new message for a finished folder is run again")
{
  Lab lab;
  lab.ask_for_replies();
  const auto worker = lab.start_worker();
  const auto folder = lab.make_job("again", "echo x >> runs");
  for (const auto* const id : {"m1", "m1", "m2", "", ""}) {
    lab.submit(folder, id);
    REQUIRE(lab.next_reply().has_value());
  }
  CHECK(Lab::list_runs(folder).size() == 4);  // only the second m1 is a repetition
}

TEST_CASE("pecan-worker: a message without an id that somebody handed back is run again")
{
  Lab lab;
  const auto folder = lab.make_job("again", "echo x >> runs");
  auto worker = lab.start_worker();
  lab.submit(folder);
  REQUIRE(Lab::wait_for_outcome(folder).ends_with("OK\n"));
  worker->signal(SIGTERM);
  REQUIRE(worker->wait_for_end() == 0);
  lab.submit(folder);
  const auto consumer = lab.broker().consume(lab.queue(), 1, false, Deadline::in(5s), {});
  const auto delivery = lab.broker().next_delivery(5s, -1, {});
  REQUIRE(delivery.has_value());
  lab.broker().cancel_consumer(consumer, Deadline::in(5s), {});
  lab.broker().reject(delivery->tag, true);
  worker = lab.start_worker();
  CHECK(eventually([&] { return Lab::list_runs(folder).size() == 2; }));
}

TEST_CASE("pecan-worker: a crash after the outcome does not run the job again")
{
  for (const std::string point : {"worker.outcome_written", "worker.before_ack"}) {
    CAPTURE(point);
    Lab lab;
    auto worker = lab.start_worker({"PECANCTL_FAILPOINT=" + point});
    const auto folder = lab.make_job("crash", "echo x >> runs; echo fine");
    lab.submit(folder);
    CHECK(worker->wait_for_end() == 128 + SIGKILL);
    worker = lab.start_worker();
    CHECK(eventually([&] { return lab.log().find("was run already, OK") != std::string::npos; }));
    CHECK(Lab::list_runs(folder).size() == 1);
  }
}

TEST_CASE("pecan-worker: a crash before the run runs the job once")
{
  Lab lab;
  auto worker = lab.start_worker({"PECANCTL_FAILPOINT=worker.before_run"});
  const auto folder = lab.make_job("crash", "echo x >> runs; echo fine");
  lab.submit(folder);
  CHECK(worker->wait_for_end() == 128 + SIGKILL);
  worker = lab.start_worker();
  CHECK(Lab::wait_for_outcome(folder) == "b'fine\\n'\nOK\n");
  CHECK(Lab::list_runs(folder).size() == 1);
}
