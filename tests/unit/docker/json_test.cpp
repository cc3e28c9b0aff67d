// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/json.hpp"
#include "core/docker/read.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

using namespace pecanctl;
using namespace pecanctl::docker;

TEST_CASE("docker::parse_json: refuses what is malformed or deep")
{
  CHECK_THROWS_AS(parse_json(""), Error);
  CHECK_THROWS_AS(parse_json(R"({"a":)"), Error);
  CHECK_THROWS_AS(parse_json("{\"a\":\"\xff\"}"), Error);
  CHECK_THROWS_AS(parse_json(std::string(65, '[') + std::string(65, ']')), Error);
  CHECK_NOTHROW(parse_json(std::string(64, '[') + std::string(64, ']')));
}

TEST_CASE("docker: members that are missing or of another type read as their defaults")
{
  const auto json = parse_json(R"({"text":7,"count":-1,"flag":"yes","labels":null,"list":{}})");
  CHECK(text_of(json, "text").empty());
  CHECK(count_of(json, "count") == 0);
  CHECK(number_of(json, "count") == -1);
  CHECK_FALSE(flag_of(json, "flag"));
  CHECK(labels_of(json, "labels").empty());
  CHECK(texts_of(json, "list").empty());
  CHECK(text_of(parse_json("[]"), "text").empty());
  CHECK(number_of(parse_json(R"({"n":99999999999})"), "n") == 2147483647);
}

TEST_CASE("docker::read_details: nothing in, nothing out")
{
  const auto details = read_details(parse_json("{}"));
  CHECK(details.summary.id.empty());
  CHECK_FALSE(details.is_oom_killed);
}

TEST_CASE("docker::read_details: reads health and ports and mounts")
{
  const auto details = read_details(parse_json(R"({
    "Id": "c1", "Name": "/demo-postgres-1", "Image": "sha256:1", "Created": "2026-11-20T05:50:01.5Z",
    "RestartCount": 2,
    "State": {"Status": "running", "ExitCode": 0, "OOMKilled": true,
              "Health": {"Status": "starting", "Log": [{"ExitCode": 1, "Output": "no"}]}},
    "Config": {"Image": "postgis:15", "Labels": {"a": "b"}, "Tty": true},
    "Mounts": [{"Type": "volume", "Name": "v", "Source": "/s", "Destination": "/d", "RW": false}],
    "NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "15432"}],
                                  "53/udp": null},
                        "Networks": {"demo": {"IPAddress": "10.0.0.2"}}}})"));
  CHECK(details.summary.name == "demo-postgres-1");
  CHECK(format_time(details.summary.created) == "2026-11-20T05:50:01Z");
  CHECK(details.health == "starting");
  REQUIRE(details.health_log.size() == 1);
  CHECK(details.health_log[0].output == "no");
  CHECK(details.is_oom_killed);
  CHECK(details.has_terminal);
  CHECK(details.restart_count == 2);
  REQUIRE(details.summary.ports.size() == 2);
  CHECK(details.summary.ports[0].protocol == "udp");
  CHECK(details.summary.ports[0].host_port == 0);
  CHECK(details.summary.ports[1].container_port == 5432);
  CHECK(details.summary.ports[1].host_port == 15432);
  REQUIRE(details.summary.mounts.size() == 1);
  CHECK(details.summary.mounts[0].is_read_only);
  CHECK(details.summary.networks.at("demo") == "10.0.0.2");
}

TEST_CASE("docker::read_summary: the name is the one without a link")
{
  const auto summary =
      read_summary(parse_json(R"({"Names": ["/web/alias", "/db"], "Created": 60})"));
  CHECK(summary.name == "db");
  CHECK(format_time(summary.created) == "1970-01-01T00:01:00Z");
}

TEST_CASE("docker::read_processes: finds its columns by their titles")
{
  const auto processes = read_processes(parse_json(
      R"({"Titles": ["USER", "PID", "COMMAND"], "Processes": [["root", " 42", "sleep 60"], ["root"]]})"));
  REQUIRE(processes.size() == 2);
  CHECK(processes[0].pid == 42);
  CHECK(processes[0].command == "sleep 60");
  CHECK(processes[1].pid == 0);
}

TEST_CASE("docker::parse_time: what is no time is the epoch")
{
  for (const std::string text : {"", "soon", "2026-02-30T00:00:00Z", "xxxx-xx-xxTxx:xx:xxZ"}) {
    CHECK(parse_time(text) == std::chrono::system_clock::time_point{});
  }
}

TEST_CASE("docker::read_usage: cache that can be dropped is not used memory")
{
  const auto usage = read_usage(parse_object(R"({
    "cpu_stats": {"cpu_usage": {"total_usage": 5000000}},
    "memory_stats": {"usage": 1000, "limit": 4000, "stats": {"inactive_file": 300}},
    "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
    "pids_stats": {"current": 7}})"));
  REQUIRE(usage);
  CHECK(usage->cpu_ns == 5'000'000);
  CHECK(usage->memory == 700);
  CHECK(usage->memory_limit == 4000);
  CHECK(usage->received == 11);
  CHECK(usage->sent == 22);
  CHECK(usage->pids == 7);
}

TEST_CASE("docker::read_usage: a container that does not run uses nothing")
{
  CHECK_FALSE(read_usage(
      parse_object(R"({"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "memory_stats": {}})")));
  CHECK_FALSE(read_usage(parse_object("{}")));
}
