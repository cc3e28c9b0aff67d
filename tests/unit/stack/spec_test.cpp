// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "core/stack/stack.hpp"

using namespace pecanctl;

namespace {

stack::Service worker()
{
  stack::Service service;
  service.name = "dalec";
  service.role = stack::Role::worker;
  service.image.reference = "pecanctl/model-dalec:1.0";
  service.environment = {{"A", "1"}};
  service.secret_environment = {{"RABBITMQ_URI", Secret{"amqp://pecan:canary-1@rabbitmq"}}};
  service.mounts = {{.volume = "data", .path = {}, .target = "/data"}};
  service.ports = {{.container_port = 5672}};
  service.files = {
      {.name = "rabbitmq_uri", .content = Secret{"canary-2"}, .uid = 1001, .gid = 1001}};
  service.user = "1001:1001";
  service.limits.memory = std::uint64_t{2} << 30U;
  service.health = stack::HealthCheck{.test = {"CMD", "true"}};
  service.depends_on = {"rabbitmq"};
  service.model = stack::Model{.name = "DALEC", .type = "DALEC", .version = "1.0"};
  return service;
}

std::string difference(const std::function<void(stack::Service&)>& change)
{
  auto changed = worker();
  change(changed);
  return stack::explain_difference(stack::render_spec(worker(), "o"),
                                   stack::render_spec(changed, "o"));
}

}  // namespace

TEST_CASE("render_spec: the golden text, which decides whether a container is replaced")
{
  CHECK(
      stack::render_spec(worker(), "owner") ==
      R"({"capabilities":[],"command":[],"environment":{"A":"1","RABBITMQ_URI":"secret )" +
          salted_digest(Secret{"amqp://pecan:canary-1@rabbitmq"}, "owner") +
          R"("},"files":{"rabbitmq_uri":")" + salted_digest(Secret{"canary-2"}, "owner") +
          R"( 1001:1001 0400"},"health":{"interval":"10s","retries":5,"start_interval":"2s","start_period":"60s","test":["CMD","true"],)"
          R"("timeout":"5s"},"hostname":"","image":"pecanctl/model-dalec:1.0","limits":{"cpus":0.0,)"
          R"("memory":2147483648,"pids":512},"model":{"drains":false,"max_runtime":"86400s","name":"DALEC",)"
          R"("type":"DALEC","version":"1.0"},"mounts":{"/data":"volume data"},"ports":{"5672":"127.0.0.1:any"},)"
          R"("read_only_root":false,"stop_grace":"10s","tmpfs":[],"user":"1001:1001","v":1})");
}

TEST_CASE("render_spec: shows no secret, and differs when one does")
{
  const auto spec = stack::render_spec(worker(), "owner");
  CHECK(spec.find("canary") == std::string::npos);
  CHECK(spec != stack::render_spec(worker(), "other owner"));
}

TEST_CASE("render_spec: replicas and order of start do not make another container")
{
  CHECK(difference([](auto& service) {
          service.replicas = 7;
          service.depends_on.clear();
          service.image.own_reference = "x";
        }).empty());
}

TEST_CASE("explain_difference: says in an operator's words what changed")
{
  struct Row {
    std::function<void(stack::Service&)> change;
    std::string expected;
  };

  using S = stack::Service;
  const Row rows[] = {
      {[](S& s) { s.image.reference = "b:2"; }, "image pecanctl/model-dalec:1.0 -> b:2"},
      {[](S& s) { s.limits.memory = 0; }, "memory 2.0 GiB -> none"},
      {[](S& s) { s.limits.cpus = 1.5; }, "cpus none -> 1.5"},
      {[](S& s) { s.environment["A"] = "2"; }, "environment.A changed"},
      {[](S& s) { s.environment["B"] = "2"; }, "environment.B added"},
      {[](S& s) { s.environment.clear(); }, "environment.A removed"},
      {[](S& s) { s.secret_environment["RABBITMQ_URI"] = Secret{"x"}; },
       "environment.RABBITMQ_URI changed"},
      {[](S& s) { s.files[0].content = Secret{"x"}; }, "files.rabbitmq_uri changed"},
      {[](S& s) { s.files[0].uid = 5; }, "files.rabbitmq_uri changed"},
      {[](S& s) { s.mounts[0].is_read_only = true; },
       "mounts./data volume data -> volume data (read-only)"},
      {[](S& s) { s.user = ""; }, "user 1001:1001 -> none"},
      {[](S& s) { s.stop_grace = std::chrono::hours{24}; }, "stop_grace 10.0s -> 24h00m"},
      {[](S& s) { s.model->max_runtime += std::chrono::milliseconds{1}; },
       "model.max_runtime changed"},
      {[](S& s) { s.health.reset(); }, "health removed"},
      {[](S& s) {
         s.user = "0:0";
         s.limits.pids = 1;
         s.hostname = "h";
         s.image.reference = "b";
       },
       "image pecanctl/model-dalec:1.0 -> b, hostname none -> h, pids 512 -> 1 and 1 more"},
  };
  for (const auto& row : rows) {
    CHECK(difference(row.change) == row.expected);
  }
}

TEST_CASE("explain_difference: a foreign or broken spec differs as a whole")
{
  const auto spec = stack::render_spec(worker(), "o");
  for (const std::string& other :
       {std::string{}, std::string{"{"}, std::string{"[]"}, std::string{"{}"},
        std::string{R"({"v":2})"}, std::string(200'000, '[')}) {
    CHECK(stack::explain_difference(other, spec) == "not made by this version");
  }
  CHECK(stack::explain_difference(spec, spec).empty());
  CHECK(stack::explain_difference(R"({"v":1,"limits":{"memory":"x","cpus":null}})", spec)
            .find(" more") != std::string::npos);
}
