// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/job.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;
using namespace pecanctl::worker;

TEST_CASE("worker::parse_job: takes the folder and ignores what it does not know")
{
  CHECK(parse_job(R"({"folder": "/data/run/1"})").folder == "/data/run/1");
  CHECK(parse_job(R"({"workflowid":"7","folder":"/a [b] {c}","x":{"y":[1]},"rebuild":null})")
            .folder == "/a [b] {c}");
}

TEST_CASE("worker::parse_job: refuses hostile and broken bodies")
{
  const std::string deep =
      R"({"folder":"/a","x":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  const std::string large = R"({"folder":"/a","x":")" + std::string(k_body_limit, 'x') + "\"}";
  for (const auto& body : std::initializer_list<std::string>{
           "", "null", "[]", "\"/data\"", "{", "not json", R"({"folder":"relative"})",
           R"({"folder":""})", R"({"folder":7})", R"({"folder":["/a"]})", R"({"dir":"/a"})",
           R"({"folder":"/a\u0000b"})", std::string("\xff\xfe{}", 4),
           R"({"folder":"/a)" + std::string("\xff") + "\"}", deep, large,
           std::string(40'000, '[')}) {
    CAPTURE(body.substr(0, 60));
    CHECK_THROWS_AS(parse_job(body), Error);
  }
}

TEST_CASE("worker::parse_job: refuses the keys that would run a command of the sender")
{
  for (const auto* const body :
       {R"({"folder":"/a","custom_application":"rm -rf /"})", R"({"folder":"/a","rebuild":true})",
        R"({"folder":"/a","pecan_xml":"<pecan/>"})"}) {
    try {
      parse_job(body);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::denied);
    }
    CHECK(find_folder(body) == "/a");
  }
  CHECK_FALSE(find_folder("nonsense").has_value());
}
