// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "tests/integration/docker/lab.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::DockerLab;

namespace {

std::size_t failures(const docker::BatchResult& result)
{
  for (const auto& error : result) {
    if (error) {
      MESSAGE(error->what());
    }
  }
  return static_cast<std::size_t>(
      std::ranges::count_if(result, [](const auto& error) { return error.has_value(); }));
}

}  // namespace

TEST_CASE("docker::Engine: says which version of the API it speaks")
{
  DockerLab lab;
  const auto info = lab.engine.get_info(DockerLab::soon(), {});
  CHECK(info.api >= docker::k_oldest_api);
  CHECK(info.api <= docker::k_newest_api);
  CHECK_FALSE(info.engine_version.empty());
  CHECK_FALSE(info.root_dir.empty());
  CHECK(info.cpus > 0);
  CHECK(info.memory_total > 0);
}

TEST_CASE("docker::Engine: a container is created and started and found with what it was asked for")
{
  DockerLab lab;
  const auto id = lab.run("life", test::k_wait_for_ever, {{"Labels", {{"odd", "a\"b=c,d é"}}}});
  const auto listed = lab.engine.list_containers(lab.filter(), DockerLab::soon(), {});
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].id == id);
  CHECK(listed[0].name == lab.name + "-life");
  CHECK(listed[0].state == "running");
  CHECK(listed[0].labels.at("odd") == "a\"b=c,d é");
  const std::vector<std::string> odd{lab.filter().front(), "odd=a\"b=c,d é"};
  CHECK(lab.engine.list_containers(odd, DockerLab::soon(), {}).size() == 1);
  const auto details = lab.engine.find_container(listed[0].name, DockerLab::soon(), {});
  REQUIRE(details);
  CHECK(details->summary.id == id);
  CHECK(details->summary.name == listed[0].name);
  CHECK(details->summary.created - listed[0].created < 1s);
  CHECK(details->summary.image == lab.image);
  CHECK(details->health == "none");
  CHECK_FALSE(lab.engine.find_container(lab.name + "-none", DockerLab::soon(), {}));
  CHECK(failures(lab.engine.start_containers({&id, 1}, 1, {}, DockerLab::soon(), {})) == 0);
}

TEST_CASE("docker::Engine: a frozen container shows its processes and can be killed")
{
  DockerLab lab;
  const auto id = lab.run("frozen", test::k_wait_for_ever);
  const std::span ids{&id, 1};
  CHECK(failures(lab.engine.pause_containers(ids, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.pause_containers(ids, DockerLab::soon(), {})) == 0);
  const std::vector<std::string> asked{lab.name + "-none", id};
  const auto processes = lab.engine.list_processes(asked, 2, DockerLab::soon(), {});
  CHECK_FALSE(processes[0]);
  REQUIRE(processes[1]);
  REQUIRE_FALSE(processes[1]->empty());
  CHECK(processes[1]->front().pid > 0);
  CHECK(processes[1]->front().command.find("/bin/sh -c") == 0);
  CHECK(failures(lab.engine.unpause_containers(ids, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.unpause_containers(ids, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.pause_containers(ids, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.kill_containers(ids, "KILL", DockerLab::soon(), {})) == 0);
  CHECK(lab.engine.wait_container(id, DockerLab::soon(), {}) == 137);
  CHECK(failures(lab.engine.kill_containers(ids, "KILL", DockerLab::soon(), {})) == 0);
}

TEST_CASE("docker::Engine: stopping and removing twice is fine")
{
  DockerLab lab;
  const auto id = lab.run("twice", test::k_wait_for_ever);
  const std::span ids{&id, 1};
  CHECK(failures(lab.engine.stop_containers(ids, 5s, 1, DockerLab::soon(), {})) == 0);
  CHECK(lab.engine.find_container(id, DockerLab::soon(), {})->summary.state == "exited");
  CHECK(failures(lab.engine.stop_containers(ids, 5s, 1, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.remove_containers(ids, false, 1, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.remove_containers(ids, true, 1, DockerLab::soon(), {})) == 0);
  CHECK(failures(lab.engine.kill_containers(ids, "KILL", DockerLab::soon(), {})) == 0);
  const auto started = lab.engine.start_containers(ids, 1, {}, DockerLab::soon(), {});
  REQUIRE(started.front());
  CHECK(started.front()->code() == ErrorCode::not_found);
}

TEST_CASE(
    "docker::Engine::create_containers: a name that is taken is a conflict in the engine's words")
{
  DockerLab lab;
  lab.create("same", "exit 0");
  const std::vector requests{lab.request("same", "exit 0"), lab.request("other", "exit 0")};
  const auto outcomes = lab.engine.create_containers(requests, 2, DockerLab::soon(), {});
  REQUIRE(outcomes[0].error);
  CHECK(outcomes[0].error->code() == ErrorCode::conflict);
  CHECK(outcomes[0].error->info().why.find("is already in use") != std::string::npos);
  CHECK(outcomes[0].id.empty());
  CHECK_FALSE(outcomes[1].error);
  CHECK_FALSE(outcomes[1].id.empty());
}

TEST_CASE("docker::Engine::start_containers: a port that is taken is a conflict")
{
  DockerLab lab;
  const auto bind = [](const std::string& port) {
    return nlohmann::json{
        {"ExposedPorts", {{"80/tcp", nlohmann::json::object()}}},
        {"HostConfig",
         {{"NetworkMode", "bridge"},
          {"PortBindings", {{"80/tcp", {{{"HostIp", "127.0.0.1"}, {"HostPort", port}}}}}}}}};
  };
  const auto network = lab.engine.create_network(lab.name, lab.labels(), DockerLab::soon(), {});
  auto config = bind("0");
  config["HostConfig"]["NetworkMode"] = lab.name;
  const auto first = lab.run("first", test::k_wait_for_ever, config);
  const auto details = lab.engine.find_container(first, DockerLab::soon(), {});
  REQUIRE(details->summary.ports.size() == 1);
  const auto port = details->summary.ports.front();
  CHECK(port.container_port == 80);
  CHECK(port.host_ip == "127.0.0.1");
  CHECK(port.host_port > 0);
  CHECK_FALSE(details->summary.networks.at(lab.name).empty());
  config = bind(std::to_string(port.host_port));
  config["HostConfig"]["NetworkMode"] = lab.name;
  const auto second = lab.create("second", test::k_wait_for_ever, config);
  const auto started = lab.engine.start_containers({&second, 1}, 1, {}, DockerLab::soon(), {});
  REQUIRE(started.front());
  CHECK(started.front()->code() == ErrorCode::conflict);
}

TEST_CASE("docker::Engine: output is told apart and an exit code arrives")
{
  DockerLab lab;
  const auto id = lab.run("logs", "echo one; echo two >&2; echo; echo three; exit 7");
  CHECK(lab.engine.wait_container(id, DockerLab::soon(), {}) == 7);
  const auto lines = lab.engine.list_logs(id, 0, DockerLab::soon(), {});
  REQUIRE(lines.size() == 4);
  std::vector<std::string> out;
  for (const auto& line : lines) {
    CHECK(line.time.starts_with("20"));
    if (line.is_stderr) {
      CHECK(line.text == "two");
    } else {
      out.push_back(line.text);
    }
  }
  CHECK(out == std::vector<std::string>{"one", "", "three"});
  const auto last = lab.engine.list_logs(id, 1, DockerLab::soon(), {});
  REQUIRE(last.size() == 1);
  CHECK(last[0].text == lines.back().text);
}

TEST_CASE("docker::Engine::list_logs: a terminal's output has no frames")
{
  DockerLab lab;
  const auto id = lab.run("tty", "echo one; echo two >&2", {{"Tty", true}});
  lab.engine.wait_container(id, DockerLab::soon(), {});
  const auto lines = lab.engine.list_logs(id, 0, DockerLab::soon(), {});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text == "one");
  CHECK(lines[1].text == "two");
}

TEST_CASE("docker::Engine::exec: hands back both outputs and the exit code")
{
  DockerLab lab;
  const auto id = lab.run("exec", test::k_wait_for_ever);
  const std::vector<std::string> command{"/bin/sh", "-c", "echo 'a b'; echo c >&2; exit 3"};
  const auto result = lab.engine.exec(id, command, DockerLab::soon(), {});
  CHECK(result.output == "a b\n");
  CHECK(result.error_output == "c\n");
  CHECK(result.exit_code == 3);
  const std::vector<std::string> large{"/bin/sh", "-c", "busybox yes | busybox head -c 3000000"};
  CHECK(lab.engine.exec(id, large, DockerLab::soon(), {}).output.size() == 3'000'000);
  const std::vector<std::string> none{"/no/such/program"};
  CHECK(lab.engine.exec(id, none, DockerLab::soon(), {}).exit_code != 0);
}

TEST_CASE("docker::Engine: ten containers at once")
{
  DockerLab lab;
  std::vector<docker::Engine::CreateRequest> requests;
  for (int i = 0; i < 10; ++i) {
    requests.push_back(lab.request(std::to_string(i), test::k_wait_for_ever));
  }
  std::vector<std::string> ids;
  for (const auto& created : lab.engine.create_containers(requests, 4, DockerLab::soon(), {})) {
    REQUIRE_FALSE(created.error);
    ids.push_back(created.id);
  }
  std::vector<std::size_t> done;
  const auto on_done = [&](std::size_t i) { done.push_back(i); };
  CHECK(failures(lab.engine.start_containers(ids, 4, on_done, DockerLab::soon(), {})) == 0);
  std::ranges::sort(done);
  CHECK(done == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  auto wanted = ids;
  wanted.insert(wanted.begin() + 3, lab.name + "-none");
  const auto found = lab.engine.find_containers(wanted, 8, DockerLab::soon(), {});
  REQUIRE(found.size() == 11);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].has_value() == (i != 3));
    if (found[i]) {
      CHECK(found[i]->summary.id == wanted[i]);
      CHECK(found[i]->summary.state == "running");
    }
  }
  CHECK(failures(lab.engine.remove_containers(ids, true, 8, DockerLab::soon(), {})) == 0);
  CHECK(lab.engine.list_containers(lab.filter(), DockerLab::soon(), {}).empty());
}

TEST_CASE("docker::Engine::wait_container: a stop ends it within 200 ms and the engine goes on")
{
  DockerLab lab;
  const auto id = lab.run("hung", test::k_wait_for_ever);
  std::stop_source source;
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper{[&] {
    // The time of a call of its own lets the wait get on its way; nothing hangs on that it does.
    docker::Engine other{http::make_curl_transport(
        {.unix_socket = DockerLab::socket(), .base_url = "http://docker"})};
    other.get_info(DockerLab::soon(), {});
    stopped = std::chrono::steady_clock::now();
    source.request_stop();
  }};
  CHECK_THROWS_AS(lab.engine.wait_container(id, Deadline::never(), source.get_token()), Cancelled);
  stopper.join();
  CHECK(std::chrono::steady_clock::now() - stopped < 200ms);
  CHECK(lab.engine.find_container(id, DockerLab::soon(), {})->summary.state == "running");
}

TEST_CASE("docker::Engine::wait_container: the deadline ends it")
{
  DockerLab lab;
  const auto id = lab.run("late", test::k_wait_for_ever);
  const auto begin = std::chrono::steady_clock::now();
  try {
    lab.engine.wait_container(id, Deadline::in(150ms), {});
    FAIL("the wait ended");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::timeout);
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 150ms);
  CHECK(took < 1s);
}

TEST_CASE("docker::Engine::watch_events: tells the life of what is labelled until told enough")
{
  DockerLab lab;
  docker::Engine watcher{
      http::make_curl_transport({.unix_socket = DockerLab::socket(), .base_url = "http://docker"})};
  std::vector<docker::Engine::EngineEvent> events;
  std::stop_source enough;
  // The engine does not say when it has begun to watch: make events until one has come.
  std::jthread maker{[&] {
    for (int i = 0; !enough.stop_requested(); ++i) {
      const auto id = lab.create(std::to_string(i), "exit 0");
      lab.engine.remove_containers({&id, 1}, true, 1, DockerLab::soon(), {});
    }
  }};
  watcher.watch_events(lab.filter(),
                       [&](const docker::Engine::EngineEvent& event) {
                         events.push_back(event);
                         return event.action != "destroy";
                       },
                       DockerLab::soon(), {});
  enough.request_stop();
  maker.join();
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().type == "container");
  CHECK(events.back().id.size() == 64);
  CHECK(events.back().attributes.at("org.pecanproject.pecanctl.test") == lab.name);
  watcher.watch_events(lab.filter(), [](const auto&) { return true; }, Deadline::in(50ms), {});
}
