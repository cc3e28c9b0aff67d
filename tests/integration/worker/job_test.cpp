// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <csignal>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "tests/integration/worker/worker_fixture.hpp"

using namespace pecanctl;
using namespace pecanctl::test;
using namespace std::chrono_literals;
using nlohmann::json;

TEST_CASE("pecan-worker: a job that ends well is OK with its outputs in order")
{
  Lab lab;
  const auto worker = lab.start_worker();
  lab.ask_for_replies();
  const auto folder = lab.make_job("ok", "echo out; echo err >&2; pwd; printf \"it's \\351\"; cat");
  lab.submit(folder, "message-1");
  const auto reply = lab.next_reply();
  REQUIRE(reply.has_value());
  CHECK(read_file(folder / "rabbitmq.out") ==
        "b\"out\\nerr\\n" + folder.string() + "\\nit's \\xe9\"\nOK\n");
  CHECK(json::parse(reply->body) ==
        json{{"folder", folder.string()}, {"status", "OK"}, {"message_id", "message-1"}});
  CHECK(reply->correlation_id == "message-1");
  CHECK(eventually([&] { return lab.count_ready() == 0; }));
}

TEST_CASE("pecan-worker: a job that fails or cannot start is ERROR")
{
  Lab lab;
  const auto worker = lab.start_worker();
  const auto failing = lab.make_job("failing", "echo bad; exit 3");
  const auto killed = lab.make_job("killed", "kill -9 $$");
  const auto empty = lab.path() / "empty";
  std::filesystem::create_directory(empty);
  for (const auto& folder : {failing, killed, empty}) {
    lab.submit(folder);
  }
  CHECK(Lab::wait_for_outcome(failing) == "b'bad\\n'\nERROR\n");
  CHECK(Lab::wait_for_outcome(killed) == "b''\nERROR\n");
  CHECK(Lab::wait_for_outcome(empty) ==
        "b'pecan-worker: cannot start ./job.sh: No such file or directory\\n'\nERROR\n");
}

TEST_CASE("pecan-worker: the job sees neither the broker's URL nor a shell")
{
  Lab lab;
  const auto worker = lab.start_worker({"APPLICATION=/bin/echo $HOME;id *"});
  const auto folder = lab.make_job("arguments", "exit 1");
  lab.submit(folder);
  CHECK(Lab::wait_for_outcome(folder) == "b'$HOME;id *\\n'\nOK\n");
  worker->signal(SIGTERM);
  REQUIRE(worker->wait_for_end() == 0);
  const auto second = lab.start_worker({"APPLICATION=env"});
  const auto environment = lab.make_job("environment", "exit 1");
  lab.submit(environment);
  const auto text = Lab::wait_for_outcome(environment);
  CHECK(text.find("PATH=") != std::string::npos);
  CHECK(text.find("RABBITMQ_URI") == std::string::npos);
}

TEST_CASE("pecan-worker: a stale outcome is gone before the job runs")
{
  Lab lab;
  const auto folder = lab.make_job("stale", "test ! -e rabbitmq.out && echo fresh");
  write_file_atomically(folder / "rabbitmq.out", "b'old'\nERROR\n", 0644);
  lab.ask_for_replies();
  const auto worker = lab.start_worker();
  lab.submit(folder);
  REQUIRE(lab.next_reply().has_value());
  CHECK(read_file(folder / "rabbitmq.out") == "b'fresh\\n'\nOK\n");
}

TEST_CASE("pecan-worker: a bad message is answered and rejected")
{
  Lab lab;
  lab.ask_for_replies();
  const auto worker = lab.start_worker();
  const auto folder = lab.make_job("refused", "echo must not run");
  const auto custom =
      json{{"folder", folder.string()}, {"custom_application", "touch owned"}}.dump();
  for (const auto& body :
       {std::string{"not json"}, std::string{R"({"folder":"/no/such/folder"})"}, custom}) {
    lab.submit_body(body, "m");
    const auto reply = lab.next_reply();
    REQUIRE(reply.has_value());
    CHECK(json::parse(reply->body)["status"] == "ERROR");
    CHECK(reply->correlation_id == "m");
  }
  const auto outcome = read_file(folder / "rabbitmq.out");
  CHECK(outcome.ends_with("\nERROR\n"));
  CHECK(outcome.find("custom_application") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "owned"));
  worker->signal(SIGTERM);
  CHECK(worker->wait_for_end() == 0);
  CHECK(lab.count_ready() == 0);
  CHECK(lab.log().find("not a JSON object") != std::string::npos);
}

TEST_CASE("pecan-worker: an outcome that cannot be written is answered with ERROR")
{
  Lab lab;
  lab.ask_for_replies();
  const auto worker = lab.start_worker();
  const auto folder =
      lab.make_job("unwritable", "rm -f rabbitmq.out; mkdir rabbitmq.out; touch rabbitmq.out/x");
  for (int attempt = 0; attempt < 2; ++attempt) {  // in the job's way, then there before it
    lab.submit(folder);
    const auto reply = lab.next_reply();
    REQUIRE(reply.has_value());
    CHECK(json::parse(reply->body)["status"] == "ERROR");
  }
  CHECK(eventually([&] { return lab.count_ready() == 0; }));
}

TEST_CASE("pecan-worker: twenty bad messages do not hold up a good one")
{
  Lab lab;
  lab.ask_for_replies();
  const auto worker = lab.start_worker();
  const auto first = lab.make_job("first", "true");
  lab.submit(first, "first");
  REQUIRE(lab.next_reply().has_value());  // it is up
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    lab.submit_body(std::string(static_cast<std::size_t>(i) * 100, '['));
  }
  lab.submit(lab.make_job("good", "true"), "good");
  for (auto reply = lab.next_reply(); reply && reply->correlation_id != "good";
       reply = lab.next_reply()) {
  }
  CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("pecan-worker: its heartbeat has what model.py sends")
{
  Lab lab;
  auto& broker = lab.broker();
  broker.ensure_fanout("models", Deadline::in(5s), {});
  const auto listener = broker.make_reply_queue(Deadline::in(5s), {});
  broker.bind(listener, "models", Deadline::in(5s), {});
  broker.consume(listener, 0, true, Deadline::in(5s), {});
  const auto worker = lab.start_worker();
  std::vector<json> heard;
  while (heard.size() < 2) {  // the first at once, the next after five seconds
    const auto delivery = broker.next_delivery(15s, -1, {});
    REQUIRE(delivery.has_value());
    auto body = json::parse(delivery->message.body);
    if (body["queue"] == lab.queue()) {
      heard.push_back(std::move(body));
    }
  }
  CHECK(heard[0] == heard[1]);
  CHECK(heard[0].size() == 4);
  CHECK(heard[0]["id"].get<std::string>().size() == 36);
  CHECK(heard[0]["hostname"].is_string());
  CHECK(heard[0]["model_info"] == json::parse(read_file(lab.path() / "model.json")));
}
