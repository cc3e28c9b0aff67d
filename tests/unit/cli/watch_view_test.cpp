// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/watch_view.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace pecanctl::cli;

namespace {

int cells(const std::string& line)
{
  return static_cast<int>(std::ranges::count_if(
      line, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }));
}

WatchScreen busy_screen()
{
  WatchScreen screen{.instance = "a-rather-long-instance-name",
                     .interval = std::chrono::seconds{2}};
  screen.usage.machine = {
      .cpu = 0.5, .cpus = 2, .memory_used = 1, .memory_total = 2, .disk_free = 1, .disk_total = 4};
  for (int i = 1; i <= 40; ++i) {
    screen.usage.replicas.push_back({.label = "a-model-with-a-very-long-name-" + std::to_string(i),
                                     .state = i == 7 ? "unhealthy" : "running",
                                     .cpu = i / 100.0,
                                     .cpu_limit = 2,
                                     .memory = 1'000'000'000,
                                     .memory_limit = 4'000'000'000});
  }
  screen.usage.queues.push_back({.name = "SIPNET_git",
                                 .ready = 12,
                                 .held = 3,
                                 .consumers = 40,
                                 .in_rate = 1.5,
                                 .out_rate = 2});
  screen.usage.queues.push_back({.name = "ED2_2.2.0", .ready = 12, .net_rate = -3});
  screen.runs.push_back({.id = "20261120-095239-13ec",
                         .model = "sipnet",
                         .total = 40,
                         .done = 10,
                         .failed = 1,
                         .left = std::chrono::seconds{90}});
  screen.usage.problems.emplace_back("cannot reach\nConsul\x1b[2J");
  return screen;
}

bool shows(const std::vector<std::string>& lines, const std::string& text)
{
  return std::ranges::any_of(
      lines, [&](const auto& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("cli::render_watch: no line is wider and no screen higher than the terminal")
{
  for (const auto& size : {std::pair{80, 24}, {40, 10}, {200, 50}, {59, 12}, {10, 3}, {1, 1}}) {
    const auto columns = size.first;
    const auto rows = size.second;
    CAPTURE(columns);
    for (const bool has_unicode : {true, false}) {
      const auto lines = render_watch(busy_screen(), columns, rows, {.has_unicode = has_unicode});
      CHECK(static_cast<int>(lines.size()) <= rows);
      for (const auto& line : lines) {
        CHECK(cells(line) <= columns);
        CHECK(line.find_first_of("\n\x1b") == std::string::npos);
      }
    }
  }
}

TEST_CASE("cli::render_watch: every kind of thing is on each of the usual screens")
{
  for (const auto& size : {std::pair{80, 24}, {40, 10}, {200, 50}}) {
    const auto columns = size.first;
    const auto rows = size.second;
    CAPTURE(columns);
    const auto lines = render_watch(busy_screen(), columns, rows, {});
    CHECK(shows(lines, "cpu"));
    CHECK(shows(lines, "CONTAINER"));
    CHECK(shows(lines, "unhealthy"));  // what is not well comes first
    CHECK(shows(lines, " more") == (rows < 40));
    CHECK(shows(lines, "SIPNET_git"));
    CHECK(shows(lines, "10/40"));
  }
}

TEST_CASE("cli::render_watch: an empty instance has a screen too")
{
  CHECK(render_watch({.instance = "x"}, 80, 24, {}).size() == 2);
}
