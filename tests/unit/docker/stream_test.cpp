// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/stream.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace pecanctl::docker;

namespace {

std::string frame(char stream, std::string_view payload)
{
  std::string text{stream, '\0', '\0', '\0', '\0', '\0'};
  text += static_cast<char>(payload.size() >> 8U);
  text += static_cast<char>(payload.size() & 0xFFU);
  return text.append(payload);
}

}  // namespace

TEST_CASE("docker::LineSplitter: pieces that end anywhere give the same lines")
{
  const std::string text = "{\"a\":1}\r\n\n{\"b\":2}\n{\"c\"";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::vector<std::string> lines;
    LineSplitter splitter{[&](std::string_view line) { lines.emplace_back(line); }};
    for (std::size_t at = 0; at < text.size(); at += size) {
      splitter.push(std::string_view{text}.substr(at, size));
    }
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":2}"});
    splitter.finish();
    CHECK(lines.back() == "{\"c\"");
  }
}

TEST_CASE("docker::Demultiplexer: frames that are cut anywhere give the same text")
{
  const std::string large(300, 'x');
  const auto text = frame(1, "one") + frame(2, "two") + frame(1, "") + frame(1, large);
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::string out;
    std::string err;
    Demultiplexer demultiplexer{
        false, [&](bool is_stderr, std::string_view piece) { (is_stderr ? err : out) += piece; }};
    for (std::size_t at = 0; at < text.size(); at += size) {
      demultiplexer.push(std::string_view{text}.substr(at, size));
    }
    CHECK(out == "one" + large);
    CHECK(err == "two");
  }
}

TEST_CASE("docker::Demultiplexer: a terminal's text passes as it is")
{
  std::string out;
  Demultiplexer demultiplexer{true, [&](bool, std::string_view piece) { out += piece; }};
  demultiplexer.push("\x01\x02 plain");
  CHECK(out == "\x01\x02 plain");
}
