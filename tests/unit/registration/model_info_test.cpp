// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/model_info.hpp"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/diagnostics.hpp"

using namespace pecanctl;
using registration::ModelInfo;
using registration::parse_model_info;

namespace {

std::string mistakes(const std::string& text)
{
  return test::diagnostics_of([&] { parse_model_info(text, "m.json"); });
}

std::string with(const std::string& field, const std::string& value)
{
  std::string text = "{";
  for (const std::string name : {"name", "type", "version", "binary"}) {
    const auto usual = name == "binary" ? "\"/usr/local/bin/x\"" : "\"X\"";
    text += (text.size() > 1 ? "," : "") + ("\"" + name + "\":") + (name == field ? value : usual);
  }
  return text + "}";
}

}  // namespace

TEST_CASE("parse_model_info: the four fields, and all the rest as it was")
{
  const auto model = parse_model_info(
      R"({"name": "SIPNET", "type": "SIPNET", "version": "git", "binary": "/usr/local/bin/sipnet.git",
          "links": {"b": 1, "a": 2}})",
      "m.json");
  CHECK(model.queue() == "SIPNET_git");
  CHECK(model.file_path() == "/usr/local/bin");
  CHECK(model.file_name() == "sipnet.git");
  CHECK(model.json.ends_with(R"("links":{"b":1,"a":2}})"));
}

// Source: Python 3.11, os.path.
TEST_CASE("file_path and file_name: as Python cuts a path")
{
  const auto path = [](std::string binary) {
    return ModelInfo{.binary = std::move(binary)}.file_path();
  };
  CHECK(path("/model") == "/");
  CHECK(path("/a//model") == "/a");
  CHECK(path("//model") == "//");
  CHECK(ModelInfo{.binary = "/a/b.c"}.file_name() == "b.c");
}

TEST_CASE("parse_model_info: all mistakes come at once")
{
  CHECK(mistakes(R"({"name": "a b", "type": 7, "binary": "bin/x"})") ==
        "m.json:0:0: `name` must not have blanks: BETY refuses `a b`\n"
        "m.json:0:0: `type` must be text | put it in quotes\n"
        "m.json:0:0: `version` is missing | name, type, version and binary are required\n"
        "m.json:0:0: `binary` must be an absolute path, not `bin/x` | BETY's dbfiles.file_path "
        "begins "
        "with a slash\n");
}

TEST_CASE("parse_model_info: what BETY, the broker or Consul would refuse")
{
  const auto longer = "\"" + std::string(256, 'x') + "\"";
  const std::vector<std::pair<std::string, std::string>> refused{{"name", "\"\""},
                                                                 {"name", "\"a\\u00a0b\""},
                                                                 {"name", "\"a\\tb\""},
                                                                 {"name", longer},
                                                                 {"type", "\"a b\""},
                                                                 {"type", "\"a/b\""},
                                                                 {"version", "\" 1\""},
                                                                 {"version", "\"1  2\""},
                                                                 {"version", "\"1/2\""},
                                                                 {"version", longer},
                                                                 {"binary", "\"/a/\""},
                                                                 {"binary", "\"x\""},
                                                                 {"binary", "\"/a/\\u0000\""},
                                                                 {"binary", "null"},
                                                                 {"version", "\"@VERSION@\""},
                                                                 {"binary", "\"@BINARY@\""}};
  for (const auto& refusal : refused) {
    const auto& field = refusal.first;
    const auto& value = refusal.second;
    CAPTURE(field);
    CAPTURE(value);
    CHECK(mistakes(with(field, value)).find("m.json:0:0: `" + field) != std::string::npos);
  }
  CHECK(parse_model_info(with("version", "\"1.0 beta\""), "m.json").version == "1.0 beta");
}

TEST_CASE("parse_model_info: no JSON is an error with its place")
{
  CHECK(mistakes("{\n  \"name\": oops\n}") == "m.json:2:11: is no JSON from here on\n");
  CHECK(mistakes("[]").find("is no JSON object") != std::string::npos);
  CHECK_FALSE(mistakes("").empty());
}
