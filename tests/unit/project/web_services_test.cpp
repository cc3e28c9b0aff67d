// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/project/config_php.hpp"
#include "core/project/make_stack.hpp"
#include "core/project/placeholders.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;

namespace {

const std::string k_full = "pecan: 1.8.0\nname: demo\nmodels: {sipnet: {}}\n";

const project::Machine k_machine{.user = {.uid = 1234, .gid = 567},
                                 .host = "pecan.example.org",
                                 .engine_socket = "/run/docker.sock",
                                 .certificate = Secret{"canary-crt"},
                                 .certificate_key = Secret{"canary-pem"}};

stack::Stack make_full(const std::string& more = {}, const project::Machine& machine = k_machine)
{
  return project::make_stack(test::parse(k_full + more), test::catalogue(), test::secrets(),
                             machine);
}

stack::Service service_of(const stack::Stack& stack, std::string_view name)
{
  const auto* service = stack.find_service(name);
  REQUIRE(service != nullptr);
  return *service;
}

std::string placed_file(const stack::Service& service, std::string_view name)
{
  const auto found = std::ranges::find(service.files, name, &stack::ConfigFile::name);
  return found == service.files.end() ? std::string{"none"} : found->content.reveal();
}

}  // namespace

TEST_CASE("make_stack: the profile full has every service of PEcAn's compose file")
{
  const auto stack = make_full();
  for (const auto* const name : {"traefik", "rabbitmq", "postgres", "bety", "rstudio", "docs",
                                 "web", "monitor", "executor", "dbsync", "api", "sipnet"}) {
    CAPTURE(name);
    CHECK(stack.find_service(name) != nullptr);
  }
  CHECK(stack::dependency_levels(stack.services).size() == 2);
  for (const auto& service : stack.services) {
    for (const auto& mount : service.mounts) {
      const bool is_known = mount.is_engine_socket ||
                            std::ranges::find(stack.volumes, mount.volume, &stack::Volume::key) !=
                                stack.volumes.end();
      CHECK(is_known);
    }
  }
}

TEST_CASE("make_stack: one key for BETY, the web page and the API; and no secret in a spec")
{
  const auto stack = make_full();
  for (const auto* const name : {"bety", "web", "api"}) {
    CHECK(service_of(stack, name).secret_environment.at("SECRET_KEY_BASE").reveal() ==
          "canary-key");
  }
  CHECK(service_of(stack, "executor").secret_environment.at("RABBITMQ_URI").reveal() ==
        "amqp://pecan:canary-rabbitmq@rabbitmq:5672/%2F");
  CHECK(service_of(stack, "rstudio").secret_environment.at("PASSWORD").reveal() ==
        "canary-rstudio");
  for (const auto& service : stack.services) {
    CHECK(stack::render_spec(service, stack.owner).find("canary") == std::string::npos);
    CHECK(stack::render_spec(service, stack.owner).find("{{") == std::string::npos);
  }
}

TEST_CASE("make_stack: PEcAn's own variables and users")
{
  const auto stack = make_full("site: {id: 12}\n");
  const auto web = service_of(stack, "web");
  CHECK(web.user == "1234:567");
  CHECK(web.environment.at("FQDN") == "pecan.example.org");
  CHECK(web.environment.at("NAME") == "demo");
  CHECK(web.mounts.size() == 2);
  CHECK(service_of(stack, "bety").environment.at("LOCAL_SERVER") == "12");
  CHECK(service_of(make_full(), "bety").environment.at("LOCAL_SERVER") == "99");
  CHECK(service_of(stack, "bety").image.reference == "pecan/bety:latest");
  CHECK(service_of(stack, "bety").user.empty());
  CHECK(service_of(stack, "rstudio").environment.at("USERID") == "1234");
  CHECK(service_of(stack, "rstudio").image.reference == "pecan/base:1.8.0");
  const auto executor = service_of(stack, "executor");
  CHECK(executor.role == stack::Role::worker);
  CHECK(executor.model->queue() == "pecan");
}

TEST_CASE("make_stack: the front proxy alone is published, and sees its own instance only")
{
  const auto stack = make_full("http: {port: 8080}\n");
  for (const auto& service : stack.services) {
    for (const auto& port : service.ports) {
      CHECK((port.host_ip == "127.0.0.1" || service.name == "traefik"));
    }
  }
  const auto proxy = service_of(stack, "traefik");
  REQUIRE(proxy.ports.size() == 1);
  CHECK(proxy.ports[0].host_port == 8080);
  CHECK(std::ranges::count(proxy.command,
                           "--providers.docker.constraints=Label(`org.pecanproject.pecanctl."
                           "instance`,`demo`)") == 1);
  // Where the engine's socket lies is no reason to replace the proxy.
  auto elsewhere = k_machine;
  elsewhere.engine_socket = "/tmp/other.sock";
  const auto moved = service_of(make_full("http: {port: 8080}\n", elsewhere), "traefik");
  CHECK(moved.mounts.back().path == "/tmp/other.sock");
  CHECK(stack::render_spec(moved, "o") == stack::render_spec(proxy, "o"));
}

TEST_CASE("make_stack: routes")
{
  const auto labels = service_of(make_full(), "monitor").labels;
  CHECK(labels.at("traefik.http.routers.monitor.rule") == "PathPrefix(`/monitor/`)");
  CHECK(labels.at("traefik.http.routers.monitor.entrypoints") == "web");
  CHECK(labels.at("traefik.http.routers.monitor.middlewares") == "monitor-retry,monitor-strip");
  CHECK(labels.at("traefik.http.middlewares.monitor-strip.stripprefix.prefixes") == "/monitor");
  CHECK(labels.at("traefik.http.services.monitor.loadbalancer.server.port") == "9999");
  const auto rstudio = service_of(make_full(), "rstudio").labels;
  CHECK(rstudio.at(
            "traefik.http.middlewares.rstudio-headers.headers.customrequestheaders.X-RStudio-Root-"
            "Path") == "/rstudio");
  CHECK(service_of(make_full("http: {host: pecan.bu.edu}\n"), "bety")
            .labels.at("traefik.http.routers.bety.rule") ==
        "Host(`pecan.bu.edu`) && PathPrefix(`/bety/`)");
}

TEST_CASE("make_stack: encryption, by certificate and by itself")
{
  const auto own = make_full("http: {tls: {cert: a, key: b, port: 8443}}\n");
  const auto proxy = service_of(own, "traefik");
  CHECK(proxy.ports.at(1).host_port == 8443);
  CHECK(placed_file(proxy, "tls.crt") == "canary-crt");
  CHECK(placed_file(proxy, "tls.key") == "canary-pem");
  CHECK(service_of(own, "web").labels.at("traefik.http.routers.web.entrypoints") == "websecure");
  CHECK(service_of(own, "web").labels.at("traefik.http.routers.web.tls") == "true");
  const auto acme = make_full("http: {host: a.org, tls: {acme_email: x@a.org}}\n");
  CHECK(service_of(acme, "web").labels.at("traefik.http.routers.web.tls.certresolver") == "acme");
  CHECK(std::ranges::count(service_of(acme, "traefik").command,
                           "--certificatesresolvers.acme.acme.email=x@a.org") == 1);
}

TEST_CASE("make_stack: web services off, several, and other images")
{
  const auto stack =
      make_full("services: {rstudio: off, bety: {replicas: 3}, api: {image: mine:1}}\n");
  CHECK(stack.find_service("rstudio") == nullptr);
  CHECK(service_of(stack, "bety").replicas == 3);
  CHECK(service_of(stack, "api").image.reference == "mine:1");
}

TEST_CASE("make_job: the loader gets the passwords, and drops what is there")
{
  const auto job =
      project::make_job("load", test::parse(k_full), test::catalogue(), test::secrets(), k_machine);
  CHECK(job.image.reference == "pecan/db:latest");
  CHECK(job.environment.at("FORCE") == "1");
  CHECK(job.secret_environment.at("PGPASSWORD").reveal() == "canary-postgres");
  CHECK(job.secret_environment.at("BETYPASSWORD").reveal() == "canary-bety");
}

TEST_CASE("Placeholders: an unknown one is our mistake; a secret has no place in an open text")
{
  const project::Placeholders placeholders{.texts = {{"a", "1"}}, .secrets = {{"s", Secret{"x"}}}};
  CHECK(placeholders.fill("<{{a}}{{a}}>").text == "<11>");
  CHECK_FALSE(placeholders.fill("{{a}}").is_secret);
  CHECK(placeholders.fill("{{s}}").is_secret);
  CHECK(placeholders.fill("{{").text == "{{");
  CHECK_THROWS_AS(placeholders.fill("{{b}}"), Error);
  stack::Service service{.name = "x", .command = {"{{s}}"}};
  CHECK_THROWS_AS(placeholders.fill(service), Error);
}

TEST_CASE("render_config_php: hosts become PHP, whatever is in them")
{
  const auto file = test::parse(k_full + R"(hosts:
  geo.bu.edu:
    displayname: "it's"
    qsub: "qsub -V \\ -N @NAME@"
    models: { ED2: { prerun: module load hdf5 } }
)");
  const auto text = project::render_config_php(file.hosts);
  CHECK(text.find(R"(  'geo.bu.edu' => array(
    'displayname' => 'it\'s',
    'qsub' => 'qsub -V \\ -N @NAME@',
    'models' => array(
      'ED2' => array(
        'prerun' => 'module load hdf5'))));
)") != std::string::npos);
  CHECK(text.find("$db_bety_password=getenv('BETYPASSWORD', true)") != std::string::npos);
  CHECK(text.find("canary") == std::string::npos);
}

TEST_CASE("merge_config_php: what was added by hand stays")
{
  const auto first = project::merge_config_php({}, "$a=1;\n");
  CHECK(first.starts_with("<?php\n"));
  const auto edited = first + "$mine=2;\n";
  const auto second = project::merge_config_php(edited, "$a=3;\n");
  CHECK(second.find("$a=1;") == std::string::npos);
  CHECK(second.find("$a=3;") != std::string::npos);
  CHECK(second.ends_with("$mine=2;\n"));
  CHECK(project::merge_config_php(second, "$a=3;\n") == second);
  CHECK_THROWS_AS(project::merge_config_php("<?php $other=1;", "$a=1;\n"), Error);
}
