// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/external_service.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/project/compose.hpp"
#include "core/project/make_stack.hpp"
#include "tests/support/diagnostics.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;

namespace {

const std::string k_external_text = R"(pecan: 1.8.0
name: demo
models: {dalec: {}}
services:
  postgres: { external: "postgres://ann@db.bu.edu:6432/pecan_db" }
  rabbitmq: { external: "amqps://jobs@mq.bu.edu/site%2F1", management: "https://mq.bu.edu:8443" }
)";

stack::Stack external_stack()
{
  return project::make_stack(test::parse(k_external_text), test::catalogue(), test::secrets(),
                             {.host = "pecan.bu.edu"});
}

std::string why_refused(std::string_view service, std::string_view url)
{
  try {
    project::parse_external(service, url);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    return error.info().why;
  }
  return {};
}

}  // namespace

TEST_CASE("parse_external: what a URL leaves out is the standard")
{
  const auto database = project::parse_external("postgres", "postgresql://db.bu.edu");
  CHECK(database.url() == "postgres://postgres@db.bu.edu:5432/bety");
  const auto broker = project::parse_external("rabbitmq", "amqp://[2001:db8::1]");
  CHECK(broker.host == "2001:db8::1");
  CHECK(broker.url() == "amqp://pecan@[2001:db8::1]:5672/%2F");
  CHECK(broker.management == "http://[2001:db8::1]:15672");
  CHECK(project::parse_external("rabbitmq", "amqps://h/a%20b").space == "a b");
  CHECK(project::parse_external("rabbitmq", "amqps://h").port == 5671);
}

TEST_CASE("parse_external: what cannot be used is refused, and no password repeated")
{
  CHECK(why_refused("postgres", "mysql://x").find("postgresql://") != std::string::npos);
  CHECK(why_refused("rabbitmq", "postgres://x").find("amqps://") != std::string::npos);
  const auto why = why_refused("postgres", "postgres://ann:canary@db/bety");
  CHECK(why == "a password must not stand in pecan.yml");
  for (const auto* const host :
       {"localhost", "127.0.0.1", "127.8.8.8", "[::1]", "0.0.0.0", "x.localhost", "%2Ftmp"}) {
    CAPTURE(host);
    CHECK(why_refused("postgres", fmt::format("postgres://{}/bety", host))
              .find("the container itself") != std::string::npos);
  }
  CHECK(why_refused("postgres", "postgres://h:0/b").find("port") != std::string::npos);
  CHECK(why_refused("postgres", "postgres://h:x/b").find("port") != std::string::npos);
  CHECK(why_refused("postgres", "postgres://h/b?sslmode=disable").find("options") !=
        std::string::npos);
  CHECK(why_refused("postgres", "postgres://h/%zz").find("%-escape") != std::string::npos);
  CHECK(why_refused("postgres", "postgres:///bety").find("no host") != std::string::npos);
}

TEST_CASE("parse_instance_file: only the two can be external, and have nothing of a container")
{
  const auto mistakes = [](const std::string& text) {
    return test::diagnostics_of([&] { test::parse(test::k_head + text); });
  };
  CHECK(mistakes("services: { postgres: { external: \"postgres://h\", memory: 1GiB } }\n") ==
        "pecan.yml:4:51: an external postgres has no `memory`\n");
  CHECK_NOTHROW(test::parse(
      test::k_head + "services: { postgres: { external: \"postgres://h\", image: \"p:16\" } }\n"));
  CHECK(mistakes("services: { rabbitmq: { management: \"http://h\" } }\n") ==
        "pecan.yml:4:37: `management` is of an external broker | write its `external` too\n");
  CHECK(mistakes("services: { rabbitmq: { external: \"amqp://127.0.0.1\" } }\n") ==
        "pecan.yml:4:35: in a container, 127.0.0.1 is the container itself | write the machine's "
        "name or address as other machines know it\n");
}

TEST_CASE("make_stack: what runs elsewhere has no container and no volume; who needs it is told")
{
  const auto stack = external_stack();
  CHECK(stack.find_service("postgres") == nullptr);
  CHECK(stack.find_service("rabbitmq") == nullptr);
  for (const auto& volume : stack.volumes) {
    CHECK(volume.key != "postgres");
    CHECK(volume.key != "rabbitmq");
  }
  CHECK_NOTHROW(stack::dependency_levels(stack.services));
  for (const auto* const name :
       {"bety", "web", "monitor", "executor", "api", "dbsync", "rstudio"}) {
    CAPTURE(name);
    const auto& environment = stack.find_service(name)->environment;
    CHECK(environment.at("PGHOST") == "db.bu.edu");
    CHECK(environment.at("PGPORT") == "6432");
    CHECK(environment.at("BETYDATABASE") == "pecan_db");
  }
  CHECK(stack.find_service("api")->environment.at("PGUSER") == "bety");
  CHECK(stack.find_service("api")->environment.at("PGDATABASE") == "pecan_db");
  CHECK(stack.find_service("executor")->environment.at("RABBITMQ_PORT") == "8443");
  const auto uri = "amqps://jobs:canary-rabbitmq@mq.bu.edu:5671/site%2F1";
  CHECK(stack.find_service("web")->secret_environment.at("RABBITMQ_URI").reveal() == uri);
  const auto& worker = *stack.find_service("dalec");
  CHECK(worker.depends_on == std::vector<std::string>{"dalec-net"});
  CHECK(worker.files.at(0).content.reveal() == uri);
}

TEST_CASE("make_job: the loader works where the database is, as the role that may")
{
  const auto job = project::make_job("load", test::parse(k_external_text), test::catalogue(),
                                     test::secrets(), {.host = "pecan.bu.edu"});
  CHECK(job.environment.at("PGHOST") == "db.bu.edu");
  CHECK(job.environment.at("PGUSER") == "ann");
  CHECK(job.environment.at("BETYDATABASE") == "pecan_db");
  CHECK(job.depends_on.empty());
}

TEST_CASE("render_compose: names what runs elsewhere, without passwords")
{
  const auto text = project::render_compose(external_stack());
  CHECK(text.find("postgres://ann@db.bu.edu:6432/pecan_db") != std::string::npos);
  CHECK(text.find("amqps://jobs@mq.bu.edu:5671/site%2F1") != std::string::npos);
  CHECK(text.find("canary") == std::string::npos);
}
