// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/config.hpp"

#include <map>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "cli/worker/heartbeat.hpp"
#include "core/base/fd.hpp"
#include "tests/support/temp_dir.hpp"

using namespace pecanctl;
using namespace pecanctl::worker;

namespace {

using Variables = std::map<std::string, std::string>;

Config load(Variables variables)
{
  const auto find = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  return load_config(
      find, {"PATH=/bin", "RABBITMQ_URI=amqp://u:p@h/", "RABBITMQ_URI_FILE=/x", "A=RABBITMQ_URI="});
}

}  // namespace

TEST_CASE("worker::split_arguments: cuts at blanks and nothing else")
{
  using List = std::vector<std::string>;
  CHECK(split_arguments("./job.sh") == List{"./job.sh"});
  CHECK(split_arguments("  run\t--fast  'a b' ") == List{"run", "--fast", "'a", "b'"});
  CHECK(split_arguments("a; rm -rf $HOME") == List{"a;", "rm", "-rf", "$HOME"});
  CHECK(split_arguments(" ").empty());
}

TEST_CASE("worker::parse_model_info: the queue is type and version as Python writes them")
{
  CHECK(parse_model_info(R"({"type":"SIPNET","version":"git"})").queue == "SIPNET_git");
  CHECK(parse_model_info(R"({"type":"BIOCRO","version":0.95})").queue == "BIOCRO_0.95");
  for (const auto* const bad :
       {"", "[]", "{}", R"({"type":"A"})", R"({"type":null,"version":"1"})"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_model_info(bad), Error);
  }
}

TEST_CASE("worker::load_config: a file with the URL wins and jobs do not see either")
{
  const test::TempDir dir;
  write_file_atomically(dir.path() / "model.json", R"({"type":"T","version":"1"})", 0600);
  write_file_atomically(dir.path() / "uri", "amqp://file:secret@one:1234/v\n", 0600);
  const auto config = load({{"PECAN_MODEL_JSON", dir.path() / "model.json"},
                            {"RABBITMQ_URI", "amqp://u:p@two/"},
                            {"RABBITMQ_URI_FILE", dir.path() / "uri"},
                            {"APPLICATION", "/bin/run now"}});
  CHECK(config.endpoint.host == "one");
  CHECK(config.endpoint.user == "file");
  CHECK(config.application == std::vector<std::string>{"/bin/run", "now"});
  CHECK(config.job_environment == std::vector<std::string>{"PATH=/bin", "A=RABBITMQ_URI="});
}

TEST_CASE("worker::load_config: without settings it is what model.py expects")
{
  const test::TempDir dir;
  write_file_atomically(dir.path() / "model.json", R"({"type":"T","version":"1"})", 0600);
  const auto config = load({{"PECAN_MODEL_JSON", dir.path() / "model.json"}});
  CHECK(config.endpoint.host == "rabbitmq");
  CHECK(config.endpoint.user == "guest");
  CHECK(config.application == std::vector<std::string>{"./job.sh"});
  CHECK_THROWS_AS(load({{"PECAN_MODEL_JSON", dir.path() / "none.json"}}), Error);
  CHECK_THROWS_AS(load({{"PECAN_MODEL_JSON", dir.path() / "model.json"}, {"APPLICATION", " "}}),
                  Error);
}

TEST_CASE("worker::render_heartbeat: has the four keys of model.py in its order")
{
  const auto model =
      parse_model_info(R"({"name":"Sipnet","type":"SIPNET","version":"git","x":["é",1.50]})");
  CHECK(render_heartbeat("the-id", "a1b2", model) ==
        R"({"id":"the-id","hostname":"a1b2","queue":"SIPNET_git","model_info":)"
        R"({"name":"Sipnet","type":"SIPNET","version":"git","x":["\u00e9",1.5]}})");
}
