// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/request.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"
#include "core/scaling/record.hpp"

using namespace pecanctl;
using namespace pecanctl::scaling;

namespace {

std::string refusal_of(const std::string& text)
{
  try {
    parse_request(text);
  } catch (const Error& error) {
    return error.info().why;
  }
  return {};
}

std::string with_tool(const std::string& tool)
{
  return R"({"schema":1,"request_id":"a","action":"deploy","rabbitmq":{"host":"h"},"tools":[)" +
         tool + "]}";
}

}  // namespace

TEST_CASE("scaling::parse_request: what was rendered comes back")
{
  const Request request{.id = "r-1",
                        .action = RequestAction::update,
                        .by = "ann",
                        .at = "2026-11-20T05:50:01Z",
                        .broker = {.host = "pecan.bu.edu", .port = 5672, .vhost = "prod"},
                        .tools = {{.extractor = "SIPNET_1.0",
                                   .image = "x/sipnet:1.0",
                                   .min = 0,
                                   .max = 5,
                                   .cpus = 1.5,
                                   .memory = "2GiB"}}};
  const auto read = parse_request(render_request(request));
  CHECK(read.id == "r-1");
  CHECK(read.action == RequestAction::update);
  CHECK(read.broker.vhost == "prod");
  CHECK(read.broker.port == 5672);
  REQUIRE(read.tools.size() == 1);
  CHECK(read.tools[0].image == "x/sipnet:1.0");
  CHECK(read.tools[0].max == 5);
  CHECK(read.tools[0].cpus == 1.5);
  CHECK(read.tools[0].memory == "2GiB");
}

TEST_CASE("scaling::parse_request: every mistake is told")
{
  CHECK(refusal_of("x") == "it is no JSON object");
  CHECK(refusal_of("{}") ==
        "request_id is missing; action is missing; action is none of deploy, update, pause, "
        "resume, delete; schema is not 1; rabbitmq is missing; tools is no list of 1 to 32");
  CHECK(refusal_of(with_tool(R"({"extractor":"A_1","min":3,"max":2})")) == "min is more than max");
  CHECK(refusal_of(with_tool(R"({"extractor":"A_1","image":"ncsa/x"})")) ==
        "image needs a tag or a digest");
  CHECK(refusal_of(with_tool(R"({"extractor":"A_1","image":"a:5000/x"})")) ==
        "image needs a tag or a digest");
  CHECK(refusal_of(with_tool(R"({"kind":"vm","extractor":"A_1","image":"bd:14"})")) ==
        "tools of the kind vm have no provider here");
  CHECK(refusal_of(with_tool(R"({"extractor":"A_1","memory":"much"})")) ==
        "memory much is no size");
}

TEST_CASE("scaling::parse_request: Docker's sizes are taken as it means them")
{
  CHECK(parse_request(with_tool(R"({"extractor":"A_1","memory":"2g"})")).tools[0].memory == "2GiB");
}

TEST_CASE("scaling::parse_tool_name: the queue's name tells type, version and key")
{
  const auto name = parse_tool_name("MAESPA_git_2");
  CHECK(name.key == "maespa");
  CHECK(name.type == "MAESPA");
  CHECK(name.version == "git_2");
  CHECK_THROWS_AS(parse_tool_name("_1"), Error);
}

TEST_CASE("scaling::RequestStatus: the last words")
{
  const auto read = parse_status(render_status({.request = "a", .state = "failed", .reason = "x"}));
  REQUIRE(read.has_value());
  CHECK(read->is_final());
  CHECK(read->is_failure());
  CHECK_FALSE(parse_status(R"({"state":"x"})").has_value());
}

TEST_CASE("scaling::parse_row, parse_state: what was rendered comes back, foreign text is nothing")
{
  Row row{.number = 7, .at = "a", .until = "b", .instance = "demo", .model = "dalec"};
  row.ready = 3;
  row.verdict = Verdict::up;
  row.changed = {"demo-dalec-1"};
  const auto read = parse_row(render_row(row));
  REQUIRE(read.has_value());
  CHECK(read->ready == 3U);
  CHECK_FALSE(read->busy.has_value());
  CHECK(read->verdict == Verdict::up);
  CHECK(read->changed == row.changed);
  CHECK_FALSE(parse_row("[]").has_value());

  const Time now{std::chrono::milliseconds{1'800'000'000'123}};
  const State state{.memory = {.wanted = {{.count = 4, .at = now}}, .active = now, .aim = 4},
                    .rows = 12};
  CHECK(parse_state(render_state(state)).memory == state.memory);
  CHECK(parse_state(render_state(state)).rows == 12);
  CHECK(parse_state("x").rows == 0);
}
