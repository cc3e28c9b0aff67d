// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/instance_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "core/base/fd.hpp"
#include "tests/support/diagnostics.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;
using test::k_head;

namespace {

std::string mistakes_in(const std::string& text)
{
  return test::diagnostics_of([&] { test::parse(text); });
}

// Of what follows the head, which has three lines.
std::string mistakes_below_head(const std::string& text)
{
  return mistakes_in(k_head + text);
}

}  // namespace

TEST_CASE("parse_instance_file: the smallest file and its defaults")
{
  const auto file = test::parse("{pecan: 1.8.0, name: demo, profile: core, models: {sipnet: {}}}");
  CHECK(file.release == "1.8.0");
  CHECK(file.name == "demo");
  CHECK(file.folder() == "/srv/demo");
  CHECK(file.data.empty());
  CHECK(file.consul_address.empty());
  CHECK(file.images == stack::ImagePolicy::automatic);
  REQUIRE(file.models.size() == 1);
  const auto& sipnet = file.models[0];
  CHECK(sipnet.key == "sipnet");
  CHECK(sipnet.model.queue() == "SIPNET_git");
  CHECK(sipnet.model.max_runtime == 24h);
  CHECK_FALSE(sipnet.model.drains);
  CHECK(sipnet.replicas == 1);
  CHECK(sipnet.image.reference == "pecan/model-sipnet-git:1.8.0");
  CHECK(sipnet.image.own_reference.empty());
}

TEST_CASE("parse_instance_file: the standard models get the names of PEcAn's images and queues")
{
  const auto file =
      test::parse(k_head + "models: {ed2: , basgra: , maespa: , biocro: , dalec: }\n");
  const auto expect = [&](std::size_t index, std::string_view image, std::string_view queue) {
    CHECK(file.models.at(index).image.reference == image);
    CHECK(file.models.at(index).model.queue() == queue);
  };
  expect(0, "pecan/model-ed2-2.2.0:1.8.0", "ED2_2.2.0");
  expect(1, "pecan/model-basgra-basgra_n_v1.0:1.8.0", "BASGRA_BASGRA_N_v1.0");
  expect(2, "pecan/model-maespa-git:1.8.0", "MAESPA_git");
  expect(3, "pecan/model-biocro-0.95:1.8.0", "BIOCRO_0.95");
  expect(4, "pecanctl/model-dalec:1.0", "DALEC_1.0");
  CHECK(file.models[4].image.own_reference == "pecanctl/model-dalec:1.0");
  CHECK(file.models[4].image.context == PECANCTL_TEMPLATES "/models/dalec");
  CHECK(file.models[4].model.drains);
}

TEST_CASE("parse_instance_file: every key that works")
{
  const auto file = test::parse(k_head + R"(data: ./data/
models:
  ed2: { version: 2.2.1, replicas: 0, memory: 8GiB, cpus: 1.5, max_runtime: 12h }
  dalec: { build: ./models/dalec }
  mine: { type: MINE, version: "2", image: "lab/mine:2", worker: pecan }
  other: { type: OTHER, version: V1, build: models/other }
services: { postgres: { image: "postgis/postgis:16-3.4", memory: 4GiB, cpus: 2 } }
secrets: { postgres: { file: elsewhere/pg }, rabbitmq: { env: BROKER } }
consul: { address: "http://127.0.0.1:8500" }
engine: docker
images: build
)");
  CHECK(file.data == "/srv/demo/data");
  REQUIRE(file.models.size() == 4);
  CHECK(file.models[0].image.reference == "pecan/model-ed2-2.2.1:1.8.0");
  CHECK(file.models[0].replicas == 0);
  CHECK(file.models[0].memory == std::uint64_t{8} << 30U);
  CHECK(file.models[0].cpus == 1.5);
  CHECK(file.models[0].model.max_runtime == 12h);
  CHECK(file.models[1].image.context == "/srv/demo/models/dalec");
  CHECK(file.models[2].image.reference == "lab/mine:2");
  CHECK(file.models[2].image.context.empty());
  CHECK(file.models[2].worker == project::WorkerKind::pecan);
  CHECK(file.models[3].image.reference == "pecanctl/model-other:v1");
  CHECK(file.models[3].image.own_reference == file.models[3].image.reference);
  CHECK(file.models[3].model.queue() == "OTHER_V1");
  CHECK(file.services.at("postgres").image == "postgis/postgis:16-3.4");
  CHECK(file.services.at("postgres").memory == std::uint64_t{4} << 30U);
  CHECK(file.secrets.at("postgres").file == "/srv/demo/elsewhere/pg");
  CHECK(file.secrets.at("rabbitmq").variable == "BROKER");
  CHECK(file.consul_address == "http://127.0.0.1:8500");
  CHECK(file.images == stack::ImagePolicy::build);
}

TEST_CASE("parse_instance_file: a model whose queue sets its workers begins with the fewest")
{
  const auto file = test::parse(k_head + "models:\n  ed2: { scale: { max: 20 } }\n" +
                                "  sipnet: { replicas: 3, scale: { min: 2, max: 8, target: 2.5,"
                                " activation: 4, cooldown: 10s, stabilisation: 20s,"
                                " min_lifetime: 0s, fallback: 2 } }\n");
  REQUIRE(file.models.at(0).model.scaling.has_value());
  const auto& standard = *file.models[0].model.scaling;
  CHECK(file.models[0].replicas == 0);
  CHECK(standard.min == 0);
  CHECK(standard.max == 20);
  CHECK(standard.target == 1);
  CHECK(standard.cooldown == 5min);
  CHECK(standard.stabilisation == 5min);
  CHECK(standard.min_lifetime == 1min);
  CHECK_FALSE(standard.fallback.has_value());
  const auto& said = file.models.at(1).model.scaling.value();
  CHECK(file.models[1].replicas == 3);
  CHECK(said.target == 2.5);
  CHECK(said.activation == 4);
  CHECK(said.stabilisation == 20s);
  CHECK(said.fallback == 2);
}

TEST_CASE("parse_instance_file: bounds of scaling that contradict each other are told")
{
  CHECK(mistakes_below_head("models:\n  ed2: { scale: { min: 3, max: 2 } }\n") ==
        "pecan.yml:5:24: `min` must not be more than `max`\n");
  CHECK(mistakes_below_head("models:\n  ed2: { scale: { max: 2, target: 0, fallback: 3 } }\n") ==
        "pecan.yml:5:35: `target` must be between 0.01 and 1000000\n"
        "pecan.yml:5:48: `fallback` must not be more than `max`\n");
  CHECK(mistakes_below_head("models:\n  ed2: { scale: { max: 2, cooldown: 2d } }\n") ==
        "pecan.yml:5:37: `cooldown` must not be more than 24h\n");
  CHECK(mistakes_below_head("models:\n  ed2: { scale: }\n").find("`max`") != std::string::npos);
}

TEST_CASE(
    "parse_instance_file: a full file gets one not yet for each key of later work, and nothing "
    "else")
{
  CHECK(mistakes_in(R"(pecan: 1.8.0
name: bu-test
http: { host: pecan.bu.edu, port: 80 }
models:
  ed2: { scale: { min: 0, max: 20 } }
services:
  rstudio: off
  bety: { replicas: 2 }
  rabbitmq: { external: "amqp://x" }
  postgres: off
site: { id: 1, url: "https://x", contact: a@b }
hosts:
  geo.bu.edu: { displayname: geo }
sync: { peers: [0, 2], max_age: 3h, publish: { dir: /d, level: 3 } }
secrets:
  bety_key: { command: "pass show pecan/bety" }
  postgres: { command: "pass show pecan/pg" }
engine: swarm
backups: /srv/pecan/backups
)") == "pecan.yml:10:13: nothing works without postgres\n"
       "pecan.yml:16:15: not yet: secrets from a command | remove `secrets.bety_key.command`\n"
       "pecan.yml:17:15: not yet: secrets from a command | remove `secrets.postgres.command`\n"
       "pecan.yml:18:9: not yet: `engine: swarm`\n");
}

TEST_CASE("parse_instance_file: a release may have another version of a model")
{
  const auto of = [](const std::string& release) {
    return test::parse("{pecan: " + release + ", name: demo, models: {ed2: {}, basgra: {}}}")
        .models;
  };
  CHECK(of("1.8.0").at(0).image.reference == "pecan/model-ed2-2.2.0:1.8.0");
  CHECK(of("1.8.0").at(1).image.reference == "pecan/model-basgra-basgra_n_v1.0:1.8.0");
  CHECK(of("develop").at(0).image.reference == "pecan/model-ed2-git:develop");
  CHECK(of("develop").at(0).model.queue() == "ED2_git");
  CHECK(of("develop").at(1).image.reference == "pecan/model-basgra-basgra_n_v1:develop");
}

TEST_CASE(
    "parse_instance_file: several mistakes of all kinds come at once, in the order of the file")
{
  CHECK(mistakes_in(R"(pecan: 1.8.0
name: Demo
profil: core
name: again
models:
  sipnet: { replica: 2, replicas: 513 }
  sipnt: {}
  ed2: { memory: "${MEMORY}", max_runtime: soon }
  mine: { image: x }
)") == "pecan.yml:2:7: `Demo` is no instance name | 2 to 32 of a-z, 0-9 and -, a letter first, no "
       "- at the end; "
       "not pecanctl\n"
       "pecan.yml:3:1: unknown key `profil` | did you mean `profile`?\n"
       "pecan.yml:4:1: duplicate key `name` (first at line 2) | keep one of them\n"
       "pecan.yml:6:13: unknown key `replica` in models.sipnet | did you mean `replicas`?\n"
       "pecan.yml:6:35: `models.sipnet.replicas` must be between 0 and 512, not 513\n"
       "pecan.yml:7:3: unknown model `sipnt` | did you mean `sipnet`?\n"
       "pecan.yml:8:19: MEMORY is not set | set it, or write ${MEMORY:-default}\n"
       "pecan.yml:8:44: `models.ed2.max_runtime` must be a duration such as 12h, not `soon`\n"
       "pecan.yml:9:3: models.mine needs a `type` | the catalogue does not know this model\n"
       "pecan.yml:9:3: models.mine needs a `version` | the catalogue does not know this model\n");
}

TEST_CASE("parse_instance_file: what does not parse ends the reading, with what was found before")
{
  CHECK(mistakes_below_head("name: again\nmodels: { ed2: { memory: ${MEMORY} } }\n") ==
        "pecan.yml:4:1: duplicate key `name` (first at line 2) | keep one of them\n"
        "pecan.yml:5:27: end of map flow not found | inside { } a variable needs quotes: "
        "\"${VAR}\"\n");
}

TEST_CASE("parse_instance_file: what the table of keys cannot say")
{
  struct Row {
    std::string text;
    std::string expected;
  };

  const Row rows[] = {
      {"data: /\n", "4:7: `data` must not be the root of the file system\n"},
      {"data: secrets/x\n",
       "4:7: `data` must not be in the folder of the secrets: workers can read all of it\n"},
      {"data: ../x/../demo/secrets\n",
       "4:7: `data` must not be in the folder of the secrets: workers can read all of it\n"},
      {"data: .\n",
       "4:7: `data` must not hold the folder of the secrets: workers can read all of it | name a "
       "folder of its own, "
       "such as ./data\n"},
      {"data: ./d\nbackups: d/x\n",
       "5:10: `backups` must not be in `data`: workers can change all of it\n"},
      {"models: {wonder: }\n",
       "4:10: unknown model `wonder` | a model of yours needs `image` or `build`\n"},
      {"models: {postgres: {type: A, version: B, image: c}}\n",
       "4:10: `postgres` is no name for a model | a standard service is called so\n"},
      {"models: {dalec: {version: \"a b\"}}\n",
       "4:27: `a b` is no version | letters, digits, '.', '_' and '-'\n"},
      {"models: {dalec: {memory: 1MiB, cpus: 0}}\n",
       "4:26: `memory` must be at least 6.0 MiB\n4:38: `cpus` must be between 0.01 and 4096\n"},
      {"models: {dalec: {max_runtime: 100d}}\n",
       "4:31: `max_runtime` must be between 1s and 49d\n"},
      {"models: {dalec: {replicas: -1}}\n",
       "4:28: `models.dalec.replicas` must be between 0 and 512, not -1\n"},
      {"services: {postgress: {}}\n",
       "4:12: unknown service `postgress` | did you mean `postgres`?\n"},
      {"secrets: {postgress: {file: x}}\n",
       "4:11: unknown secret `postgress` | did you mean `postgres`?\n"},
      {"secrets: {postgres: {}}\n", "4:11: secrets.postgres needs `file` or `env`, one of them\n"},
      {"secrets: {postgres: hunter2}\n",
       "4:21: `secrets.postgres` must be a map of keys, not `hunter2`\n"},
      {"consul: {address: localhost}\n", "4:19: `localhost` is no URL | write http://HOST:8500\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    std::string expected;
    for (std::size_t begin = 0; begin < row.expected.size();) {
      const auto end = row.expected.find('\n', begin) + 1;
      expected += "pecan.yml:" + row.expected.substr(begin, end - begin);
      begin = end;
    }
    CHECK(mistakes_below_head(row.text) == expected);
  }
}

TEST_CASE("parse_instance_file: odd roots are refused, not crashed on")
{
  for (const std::string text : {"", "# only\n", "x\n", "- a\n", "~\n", "models: 7\n",
                                 "models: {sipnet: 3}\nservices: 1\n"}) {
    CAPTURE(text);
    CHECK(mistakes_in(text) != "none");
  }
}

TEST_CASE("parse_instance_file: variables make types of any kind")
{
  const auto look_up = [](std::string_view name) {
    return name == "N" ? std::optional<std::string>{"7"} : std::nullopt;
  };
  const auto file = project::parse_instance_file(
      k_head + "models:\n  sipnet:\n    replicas: ${N}\n    memory: ${M:-3GiB}\n",
      "/srv/demo/pecan.yml", look_up, test::catalogue());
  CHECK(file.models.at(0).replicas == 7);
  CHECK(file.models.at(0).memory == std::uint64_t{3} << 30U);
}

TEST_CASE("find_instance_file: the nearest one, upwards")
{
  const test::TempDir folder;
  const auto deep = folder.path() / "a" / "b";
  std::filesystem::create_directories(deep);
  CHECK_FALSE(project::find_instance_file(deep).has_value());
  write_file_atomically(folder.path() / "pecan.yml", "", 0644);
  CHECK(project::find_instance_file(deep) == folder.path() / "pecan.yml");
  write_file_atomically(folder.path() / "a" / "pecan.yml", "", 0644);
  CHECK(project::find_instance_file(deep) == folder.path() / "a" / "pecan.yml");
}

TEST_CASE("load_instance_file: too large a file is refused")
{
  const test::TempDir folder;
  const auto path = folder.path() / "pecan.yml";
  write_file_atomically(path, k_head + std::string((1U << 20U) - 10, '#'), 0644);
  CHECK_THROWS_AS(project::load_instance_file(path, test::no_variables, test::catalogue()), Error);
}
