// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/container_config.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace pecanctl;
using nlohmann::json;

namespace {

stack::Stack make_stack()
{
  stack::Stack stack{
      .name = "demo", .owner = "owner", .release = "1.8.0", .file = "/srv/pecan.yml"};
  stack.volumes = {{.key = "data"}, {.key = "shared", .host_path = "/srv/shared"}};
  stack.services.push_back(
      {.name = "rabbitmq",
       .image = {.reference = "rabbitmq:3"},
       .command = {"serve", "--fast"},
       .environment = {{"MODE", "plain"}},
       .mounts = {{.volume = "data", .target = "/data", .is_read_only = true},
                  {.volume = "shared", .target = "/shared"},
                  {.path = "/etc/hosts", .target = "/hosts"}},
       .ports = {{.container_port = 5672}, {.container_port = 80, .host_port = 8080}},
       .files = {{.name = "password", .content = Secret{"hunter2-file"}}},
       .hostname = "rabbitmq",
       .user = "1000:1000",
       .health = stack::HealthCheck{.test = {"CMD", "check"}},
       .limits = {.memory = 1U << 30U, .cpus = 1.5, .pids = 99},
       .capabilities = {"CHOWN"},
       .has_read_only_root = true,
       .tmpfs = {"/tmp"}});
  return stack;
}

json config_of(const stack::Stack& stack, docker::ApiVersion api = {1, 44})
{
  const engine::ReplicaOrder order{&stack.services.front(), 3, {.reference = "own/rabbitmq:3"}};
  return json::parse(engine::render_container_config(stack, 7, order, api));
}

}  // namespace

TEST_CASE("engine::render_container_config: the whole of it")
{
  const auto stack = make_stack();
  const auto config = config_of(stack);
  auto host = config["HostConfig"];
  auto& files = host["Mounts"][3]["Source"];
  CHECK(files == engine::files_volume_name(stack, stack.services.front()));
  files = "demo-rabbitmq-files-DIGEST";
  CHECK(host == json::parse(R"({
    "NetworkMode": "demo",
    "RestartPolicy": {"Name": "always"},
    "CapDrop": ["ALL"], "CapAdd": ["CHOWN"],
    "SecurityOpt": ["no-new-privileges:true"],
    "PidsLimit": 99, "Memory": 1073741824, "MemorySwap": 1073741824, "NanoCpus": 1500000000,
    "ReadonlyRootfs": true,
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
    "PortBindings": {"5672/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}],
                     "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
    "Mounts": [
      {"Type": "volume", "Source": "demo-data", "Target": "/data", "ReadOnly": true},
      {"Type": "bind", "Source": "/srv/shared", "Target": "/shared", "ReadOnly": false},
      {"Type": "bind", "Source": "/etc/hosts", "Target": "/hosts", "ReadOnly": false},
      {"Type": "volume", "Source": "demo-rabbitmq-files-DIGEST", "Target": "/run/pecanctl",
       "ReadOnly": true},
      {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 67108864, "Mode": 1023}}]
  })"));
  auto rest = config;
  rest.erase("HostConfig");
  auto labels = rest["Labels"];
  rest.erase("Labels");
  CHECK(rest == json::parse(R"({
    "Image": "own/rabbitmq:3", "Cmd": ["serve", "--fast"], "Env": ["MODE=plain"],
    "User": "1000:1000", "Hostname": "rabbitmq", "StopTimeout": 10,
    "ExposedPorts": {"5672/tcp": {}, "80/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "check"], "Interval": 10000000000, "Timeout": 5000000000,
                    "StartPeriod": 60000000000, "StartInterval": 2000000000, "Retries": 5},
    "NetworkingConfig": {"EndpointsConfig": {"demo": {"Aliases": ["rabbitmq"]}}}
  })"));
  labels.erase("org.pecanproject.pecanctl.spec");
  CHECK(labels == json::parse(R"({
    "com.docker.compose.project": "demo", "com.docker.compose.service": "rabbitmq",
    "com.docker.compose.container-number": "3",
    "org.pecanproject.pecanctl.instance": "demo", "org.pecanproject.pecanctl.owner": "owner",
    "org.pecanproject.pecanctl.service": "rabbitmq", "org.pecanproject.pecanctl.number": "3",
    "org.pecanproject.pecanctl.revision": "7", "org.pecanproject.pecanctl.role": "service",
    "org.pecanproject.pecanctl.file": "/srv/pecan.yml"})"));
}

TEST_CASE("engine::render_container_config: an engine that knows one interval gets the shorter")
{
  const auto health = config_of(make_stack(), {1, 43})["Healthcheck"];
  CHECK(health["Interval"] == 2000000000);
}

TEST_CASE("engine::render_container_config: limits that are not set are not sent")
{
  auto stack = make_stack();
  stack.services.front().limits = {};
  const auto host = config_of(stack)["HostConfig"];
  CHECK_FALSE(host.contains("Memory"));
  CHECK_FALSE(host.contains("NanoCpus"));
  CHECK(host["PidsLimit"] == 512);
}

TEST_CASE("engine::render_container_config: a secret is nowhere but where an image insists")
{
  auto stack = make_stack();
  stack.services.front().secret_environment = {{"KEY", Secret{"hunter2-env"}}};
  auto config = config_of(stack);
  CHECK(config.dump().find("hunter2-file") == std::string::npos);
  CHECK(config["Env"] == json{"MODE=plain", "KEY=hunter2-env"});
  config.erase("Env");
  CHECK(config.dump().find("hunter2") == std::string::npos);
}

TEST_CASE("engine::render_container_config: workers are told apart, and those that drain")
{
  auto stack = make_stack();
  auto& service = stack.services.front();
  service.role = stack::Role::worker;
  service.model = stack::Model{.name = "DALEC", .type = "DALEC", .version = "1.0", .drains = true};
  auto labels = config_of(stack)["Labels"];
  CHECK(labels["org.pecanproject.pecanctl.role"] == "worker");
  CHECK(labels["pecan.drain"] == "signal");
  service.model->drains = false;
  CHECK_FALSE(config_of(stack)["Labels"].contains("pecan.drain"));
}

TEST_CASE("engine::files_volume_name: other files, other volume; the same files, the same one")
{
  auto stack = make_stack();
  auto& service = stack.services.front();
  service.files = {{.name = "password", .content = Secret{"hunter2"}}};
  const auto name = engine::files_volume_name(stack, service);
  CHECK(name.starts_with("demo-rabbitmq-files-"));
  CHECK(name == engine::files_volume_name(stack, service));
  service.files.front().content = Secret{"hunter3"};
  CHECK(name != engine::files_volume_name(stack, service));
}

TEST_CASE("engine::render_helper_config: a helper sees one volume and no network")
{
  const auto config = json::parse(engine::render_helper_config(
      make_stack(), "demo-data", {{"a", "b"}}, {.reference = "any:1"}));
  CHECK(config["NetworkDisabled"] == true);
  CHECK(config["HostConfig"] == json::parse(R"({"NetworkMode": "none", "Mounts": [
    {"Type": "volume", "Source": "demo-data", "Target": "/volume",
     "VolumeOptions": {"Labels": {"a": "b"}}}]})"));
  CHECK(config["Labels"]["org.pecanproject.pecanctl.role"] == "helper");
  CHECK_FALSE(config["Labels"].contains("org.pecanproject.pecanctl.service"));
}
