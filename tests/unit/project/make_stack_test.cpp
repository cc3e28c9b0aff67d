// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/make_stack.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <string>

#include "tests/support/temp_dir.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::k_head;

namespace {

stack::Stack make(const std::string& text, const project::UserId& user = {})
{
  return project::make_stack(test::parse(text), test::catalogue(), test::secrets(), {.user = user});
}

const stack::Service& get(const stack::Stack& stack, std::string_view name)
{
  const auto* service = stack.find_service(name);
  REQUIRE(service != nullptr);
  return *service;
}

const stack::ConfigFile& get_file(const stack::Service& service, std::string_view name)
{
  const auto found = std::ranges::find(service.files, name, &stack::ConfigFile::name);
  REQUIRE(found != service.files.end());
  return *found;
}

const std::string k_both =
    k_head + "models: {dalec: {max_runtime: 30h, replicas: 2}, sipnet: {memory: 4GiB}}\n";

}  // namespace

TEST_CASE("make_stack: the instance as a whole")
{
  const auto stack = make(k_both);
  CHECK(stack.name == "demo");
  CHECK(stack.owner == test::secrets().owner);
  CHECK(stack.release == "1.8.0");
  CHECK(stack.file == "/srv/demo/pecan.yml");
  CHECK(stack.services.size() == 6);
  CHECK(stack::dependency_levels(stack.services) ==
        std::vector<std::vector<std::string>>{{"postgres", "rabbitmq", "dalec-net", "sipnet-net"},
                                              {"dalec", "sipnet"}});
}

TEST_CASE(
    "make_stack: a worker of ours reads a private file and is given the time of its longest job")
{
  const auto stack = make(k_both, {.uid = 1234, .gid = 567});
  const auto& dalec = get(stack, "dalec");
  CHECK(dalec.role == stack::Role::worker);
  CHECK(dalec.user == "1234:567");
  CHECK(dalec.replicas == 2);
  CHECK(dalec.replacement == stack::Replacement::start_first);
  CHECK(dalec.stop_grace == 30h);
  CHECK(dalec.environment.at("RABBITMQ_URI_FILE") == "/run/pecanctl/rabbitmq_uri");
  CHECK(dalec.secret_environment.empty());
  const auto& uri = get_file(dalec, "rabbitmq_uri");
  CHECK(uri.content.reveal() == "amqp://pecan:canary-rabbitmq@rabbitmq:5672/%2F");
  CHECK(uri.uid == 1234);
  CHECK(uri.gid == 567);
  CHECK(uri.mode == 0400);
  CHECK(dalec.has_read_only_root);
  CHECK(dalec.capabilities.empty());
  REQUIRE(dalec.model.has_value());
  CHECK(dalec.model->drains);
  CHECK(dalec.mounts.at(0).target == "/data");
}

TEST_CASE("make_stack: the workers of a model share the network of its holder")
{
  const auto stack = make(k_both);
  CHECK(get(stack, "dalec").joins == "dalec-net");
  const auto& holder = get(stack, "dalec-net");
  CHECK(holder.role == stack::Role::holder);
  CHECK(holder.replicas == 1);
  CHECK(holder.image.reference == holder.image.own_reference);
  CHECK(holder.image.is_part_of_us);
  CHECK(holder.mounts.empty());
  CHECK(holder.files.empty());
  CHECK(holder.has_read_only_root);
}

TEST_CASE("make_stack: the workers of a model can have a network each, and few processes")
{
  const auto stack = make(k_head + "models: {dalec: {network: own, pids: 64}}\n");
  const auto& dalec = get(stack, "dalec");
  CHECK(dalec.joins.empty());
  CHECK(dalec.depends_on == std::vector<std::string>{"rabbitmq"});
  CHECK(dalec.limits.pids == 64);
  CHECK(stack.find_service("dalec-net") == nullptr);
}

TEST_CASE("make_stack: a stock worker gets what model.py reads")
{
  const auto stack = make(k_both);
  const auto& sipnet = get(stack, "sipnet");
  CHECK(sipnet.user == "1001:1001");
  CHECK(sipnet.files.empty());
  CHECK(sipnet.environment.empty());
  CHECK(sipnet.secret_environment.at("RABBITMQ_URI").reveal() ==
        "amqp://pecan:canary-rabbitmq@rabbitmq:5672/%2F");
  CHECK(sipnet.stop_grace == 10s);
  CHECK(sipnet.limits.memory == std::uint64_t{4} << 30U);
  CHECK_FALSE(sipnet.has_read_only_root);
}

TEST_CASE(
    "make_stack: broker and database read their secrets from files that their own user can read")
{
  const auto stack = make(k_both);
  const auto& broker = get(stack, "rabbitmq");
  CHECK(broker.hostname == "rabbitmq");
  CHECK(broker.environment.at("RABBITMQ_CONFIG_FILE") == "/run/pecanctl/rabbitmq.conf");
  const auto& configuration = get_file(broker, "rabbitmq.conf");
  CHECK(configuration.mode == 0444);
  CHECK(configuration.content.reveal().find("consumer_timeout = 108900000\n") != std::string::npos);
  CHECK(configuration.content.reveal().find("vm_memory_high_watermark.absolute = 644245092\n") !=
        std::string::npos);
  CHECK(get_file(broker, "definitions.json").mode == 0444);
  const auto& database = get(stack, "postgres");
  CHECK(get_file(database, "postgres_password").content == test::secrets().postgres);
  CHECK(database.environment.at("POSTGRES_PASSWORD_FILE") == "/run/pecanctl/postgres_password");
  CHECK(database.environment.at("POSTGRES_DB") == "bety");
}

TEST_CASE("make_stack: the data volume belongs to the workers and stands where the file says")
{
  const auto find = [](const stack::Stack& stack) {
    return *std::ranges::find(stack.volumes, "data", &stack::Volume::key);
  };
  const auto engine = find(make(k_both, {.uid = 7, .gid = 8}));
  CHECK(engine.host_path.empty());
  CHECK(engine.uid == 7);
  CHECK(engine.gid == 8);
  CHECK(find(make(k_both + "data: ./d\n")).host_path == "/srv/demo/d");
}

TEST_CASE("make_stack: what the file changes in a standard service, and nothing more")
{
  const auto stack =
      make(k_both +
           "services: {postgres: {image: other:1, memory: 4GiB}, rabbitmq: {memory: 100MiB}}\n");
  const auto& database = get(stack, "postgres");
  CHECK(database.image.reference == "other:1");
  CHECK(database.image.own_reference.empty());
  CHECK(database.limits.memory == std::uint64_t{4} << 30U);
  CHECK(database.health.has_value());
  const auto& broker = get(stack, "rabbitmq");
  CHECK(broker.image.reference == "rabbitmq:3.13-management");
  CHECK(get_file(broker, "rabbitmq.conf").content.reveal().find("absolute = 62914560\n") !=
        std::string::npos);
}

TEST_CASE("make_stack: the same file makes the same specs, and no secret is in them")
{
  const auto stack = make(k_both);
  const auto again = make(k_both);
  for (const auto& service : stack.services) {
    const auto spec = stack::render_spec(service, stack.owner);
    CHECK(spec == stack::render_spec(get(again, service.name), again.owner));
    CHECK(spec.find("canary") == std::string::npos);
  }
}

TEST_CASE("find_data_owner: the owner of what exists, else PEcAn's default")
{
  const test::TempDir folder;
  auto file = test::parse(k_both);
  CHECK(project::find_data_owner(file).uid == 1001);
  file.data = folder.path() / "none";
  CHECK(project::find_data_owner(file).uid == 1001);
  file.data = folder.path();
  CHECK(project::find_data_owner(file).uid == static_cast<int>(::getuid()));
}
