// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/logs.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "core/docker/log_stream.hpp"
#include "core/inspection/log_hub.hpp"
#include "core/inspection/log_lines.hpp"
#include "core/inspection/log_time.hpp"

using namespace pecanctl;
using namespace pecanctl::inspection;
using namespace std::chrono_literals;

namespace {

std::string frame(char stream, std::string_view payload)
{
  std::string text{stream, '\0', '\0', '\0'};
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    text += static_cast<char>(payload.size() >> shift & 0xFFU);
  }
  return text.append(payload);
}

LogLine line_at(const std::string& time)
{
  return {.source = {.service = "s", .number = 1}, .time = time, .text = time};
}

std::vector<LogLine> join(const std::vector<docker::LogPiece>& pieces, const Redactor& redactor)
{
  std::vector<LogLine> lines;
  LineJoiner joiner{{}, redactor, [&](LogLine line) { lines.push_back(std::move(line)); }};
  for (const auto& piece : pieces) {
    joiner.push(piece);
  }
  joiner.finish();
  return lines;
}

}  // namespace

TEST_CASE("docker::LogFrames: entries cut anywhere are the same, and the pieces of one go together")
{
  const auto stream = frame(1, "T1 one\n") + frame(2, "T2 two\r\n") + frame(1, "T3 be") +
                      frame(1, "T4 gin\n") + frame(1, "T5 \n");
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    std::string seen;
    docker::LogFrames frames{false, [&](const docker::LogPiece& piece) {
                               seen += std::string{piece.time} + (piece.is_stderr ? "!" : "=") +
                                       std::string{piece.text} + (piece.ends_line ? ";" : "+");
                             }};
    for (std::size_t at = 0; at < stream.size(); at += size) {
      frames.push(std::string_view{stream}.substr(at, size));
    }
    frames.finish();
    CHECK(seen == "T1=one;T2!two;T3=be+T4=gin;T5=;");
  }
}

TEST_CASE("docker::LogFrames: a frame of any size is handed out in bounded pieces")
{
  std::size_t total = 0;
  std::size_t largest = 0;
  docker::LogFrames frames{false, [&](const docker::LogPiece& piece) {
                             total += piece.text.size();
                             largest = std::max(largest, piece.text.size());
                             CHECK(piece.time == "T");
                           }};
  frames.push(frame(1, "T " + std::string(1'000'000, 'x') + "\n"));
  CHECK(total == 1'000'000);
  CHECK(largest <= std::size_t{64} << 10U);
}

TEST_CASE("docker::LogFrames: with a terminal lines have no frames")
{
  std::string seen;
  docker::LogFrames frames{true, [&](const docker::LogPiece& piece) {
                             seen += std::string{piece.text} + (piece.ends_line ? ";" : "+");
                           }};
  frames.push("T1 on");
  frames.push("e\r\nT2 two\nT3 rest");
  frames.finish();
  CHECK(seen == "one;two;rest+");
}

TEST_CASE("inspection::LineJoiner: streams are joined apart, and a last line without an end counts")
{
  const auto lines = join({{.time = "1", .text = "a", .ends_line = false},
                           {.is_stderr = true, .time = "2", .text = "err", .ends_line = true},
                           {.time = "3", .text = "b", .ends_line = true},
                           {.time = "4", .text = "end", .ends_line = false}},
                          {});
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].text == "err");
  CHECK(lines[0].is_stderr);
  CHECK(lines[1].text == "ab");
  CHECK(lines[1].time == "1");
  CHECK(lines[2].text == "end");
}

TEST_CASE("inspection::LineJoiner: no cut of a long line lets a secret through")
{
  const Redactor redactor{{Secret{"canary-secret"}}};
  for (std::size_t before = 65'536 - 20; before < 65'536 + 5; ++before) {
    const std::string text = std::string(before, 'x') + "canary-secret" + std::string(70'000, 'y');
    std::vector<docker::LogPiece> pieces;
    for (std::size_t at = 0; at < text.size(); at += 16'384) {
      pieces.push_back({.time = "1",
                        .text = std::string_view{text}.substr(at, 16'384),
                        .ends_line = at + 16'384 >= text.size()});
    }
    std::string shown;
    for (const auto& line : join(pieces, redactor)) {
      CHECK(line.text.size() <= 90'000);
      shown += line.text;
    }
    CHECK(shown.find("canary") == std::string::npos);
    CHECK(shown.find("secret") == std::string::npos);
    CHECK(shown.size() == text.size() - 10);
  }
}

TEST_CASE("inspection::LogHub: lines of several streams come by time, each stream in its order")
{
  LogHub hub{std::nullopt};
  const auto first = hub.open();
  const auto second = hub.open();
  std::jthread writer{[&] {
    hub.push(second, {line_at("2"), line_at("4")});
    hub.push(first, {line_at("1"), line_at("3")});
    hub.close(first);
    hub.push(second, {line_at("5")});
    hub.close(second);
  }};
  std::string seen;
  for (;;) {
    const auto next = hub.next(50ms, {});
    if (next.is_over) {
      break;
    }
    seen += next.line ? next.line->text : "";
  }
  CHECK(seen == "12345");
}

TEST_CASE("inspection::LogHub: a full stream waits, and leaves when the hub is shut down")
{
  LogHub hub{std::nullopt};
  const auto stream = hub.open();
  bool is_refused = false;
  {
    std::jthread writer{[&] {
      for (int i = 0; i < 100 && !is_refused; ++i) {
        LogLine line = line_at("1");
        line.text = std::string(50'000, 'x');
        is_refused = !hub.push(stream, {line});
      }
    }};
    CHECK(hub.next(5s, {}).line);
    hub.shut_down();
  }
  CHECK(is_refused);
}

TEST_CASE("inspection::LogHub: a silent stream holds up nobody for longer than the patience")
{
  LogHub hub{10ms};
  hub.open();
  const auto stream = hub.open();
  hub.push(stream, {line_at("1")});
  CHECK(hub.next(5s, {}).line);
  CHECK_FALSE(hub.next(1ms, {}).line);
}

TEST_CASE("inspection::LogHub: an error comes after the lines that were before it")
{
  LogHub hub{std::nullopt};
  const auto stream = hub.open();
  hub.open();
  hub.push(stream, {line_at("1")});
  hub.fail(Error{{.code = ErrorCode::unreachable, .what = "gone"}});
  CHECK(hub.next(5s, {}).line);
  CHECK_THROWS_AS(hub.next(5s, {}), Error);
}

TEST_CASE("inspection::parse_nanoseconds: RFC 3339 and its prefixes, and nothing else")
{
  CHECK(parse_nanoseconds("1970-01-02") == 86'400'000'000'000);
  CHECK(parse_nanoseconds("1970-01-01T00:00:01Z") == 1'000'000'000);
  CHECK(parse_nanoseconds("1970-01-01T01:00:01.5+01:00") == 1'500'000'000);
  CHECK(parse_nanoseconds("1970-01-01T00:00:01.000000001") == 1'000'000'001);
  for (const auto* const bad : {"", "2026", "2026-13-01", "2026-02-30", "2026-01-01T",
                                "2026-01-01T1:00:00", "2026-01-01T25:00:00", "2026-01-01T00:00:00x",
                                "2026-01-01T00:00:00.", "9999-01-01", "yesterday", "-026-01-01"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_nanoseconds(bad));
  }
}

TEST_CASE("inspection::parse_since: a duration counts back from now")
{
  const auto now = std::chrono::system_clock::time_point{} + 1h;
  CHECK(parse_since("10m", now) == "3000.000000000");
  CHECK(parse_since("2h", now) == "0.000000000");
  CHECK(parse_since("1970-01-01T00:00:02Z", now) == "2.000000000");
  CHECK_FALSE(parse_since("soon", now));
  CHECK(just_after("1970-01-01T00:00:01.999999999Z") == "2.000000000");
}

TEST_CASE("inspection::select_sources: services, single containers, and what was probably meant")
{
  engine::Observation observed;
  for (const int number : {1, 2}) {
    engine::Replica replica;
    replica.id = std::to_string(number);
    replica.service = "dalec";
    replica.number = number;
    observed.replicas.push_back(replica);
  }
  CHECK(select_sources(observed, {}, {}).size() == 2);
  CHECK(select_sources(observed, {"dalec"}, {}).size() == 2);
  const auto one = select_sources(observed, {"dalec-2"}, {});
  REQUIRE(one.size() == 1);
  CHECK(one.front().id == "2");
  const auto code_of = [&](const std::string& name) {
    try {
      select_sources(observed, {name}, {"postgres"});
    } catch (const Error& error) {
      CHECK_FALSE(error.info().hint.empty());
      return error.code();
    }
    return ErrorCode::internal;
  };
  CHECK(code_of("dalek") == ErrorCode::not_found);
  CHECK(code_of("dalec-3") == ErrorCode::not_found);
  CHECK(code_of("postgres") == ErrorCode::failed);
}
