// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/frame.hpp"

#include <algorithm>
#include <array>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "cli/output/display_text.hpp"

using namespace pecanctl;
using namespace pecanctl::cli::output;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const ViewTime k_begin{};

// A command's events, at times of our choice.
struct Story {
  ProgressView view = {};
  ViewTime now = k_begin;

  void start(const std::string& id, const std::string& group, const std::string& action = "wait")
  {
    view.on(StepStarted{.id = id, .group = group, .action = action}, now);
  }

  void progress(const std::string& id, const std::string& state, std::uint64_t current = 0,
                std::uint64_t total = 0, const std::string& unit = {})
  {
    view.on(
        StepProgress{.id = id, .state = state, .current = current, .total = total, .unit = unit},
        now);
  }

  void finish(const std::string& id, const std::string& detail,
              StepOutcome outcome = StepOutcome::done, std::vector<std::string> trail = {})
  {
    view.on(StepFinished{.id = id, .outcome = outcome, .detail = detail, .trail = std::move(trail)},
            now, false);
  }

  std::vector<std::string> frame(int columns = 80, int rows = 24, TerminalStyle style = {}) const
  {
    return render_frame(view, {.columns = columns, .rows = rows}, now, style);
  }
};

// All that a real deploy can show at once, and worse.
Story crowded(int services, int replicas)
{
  Story story;
  story.start("registry.example.org/a/very/long/path/of/an/image/pecan/web:1.8.0", "images",
              "pull");
  story.progress("registry.example.org/a/very/long/path/of/an/image/pecan/web:1.8.0", "Downloading",
                 12 << 20, 40 << 20, "B");
  for (int service = 0; service < services; ++service) {
    const auto name = service % 3 == 0 ? fmt::format("森林模型-{}", service)
                      : service % 3 == 1
                          ? fmt::format("sipnet{}", service)
                          : fmt::format("a-model-with-a-name-that-does-not-end-{}", service);
    for (int replica = 1; replica <= replicas; ++replica) {
      const auto id = fmt::format("demo-{}-{}", name, replica);
      story.start(id, name);
      story.progress(id, "health: starting, and a reason that is far longer than the line allows");
      story.now += milliseconds{7};
      if (replica % 3 == 0) {
        story.finish(id, "healthy");
      } else if (replica % 3 == 1) {
        story.finish(id, "it is exited, exit code 1", StepOutcome::failed,
                     {"森林 one line of its log " + std::string(300, 'x'), "\x1b[2Jand another"});
      }
    }
  }
  story.now += seconds{100};
  return story;
}

}  // namespace

TEST_CASE("render_frame: no line is as wide as the screen, and rows - 2 is the most")
{
  constexpr std::array<std::pair<int, int>, 9> k_sizes{
      {{80, 24}, {40, 10}, {200, 50}, {20, 5}, {10, 4}, {5, 3}, {1, 1}, {80, 3}, {300, 200}}};
  for (const auto& story : {crowded(1, 1), crowded(3, 2), crowded(12, 9), Story{}}) {
    for (const auto& size : k_sizes) {
      const auto columns = size.first;
      const auto rows = size.second;
      for (const bool is_unicode : {true, false}) {
        const auto lines = story.frame(columns, rows, {.is_unicode = is_unicode});
        CAPTURE(columns);
        CAPTURE(rows);
        CHECK(std::ssize(lines) <= std::max(1, rows - 2));
        for (const auto& line : lines) {
          CAPTURE(line);
          CHECK(display_width(line) < std::max(columns, 2));
          CHECK(line.find_first_of("\x1b\n\r\t") == std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("render_frame: a group whose steps are all fine is one line")
{
  Story story;
  for (int number = 1; number <= 4; ++number) {
    story.start(fmt::format("demo-sipnet-{}", number), "sipnet");
  }
  story.now += milliseconds{3100};
  for (int number = 1; number <= 4; ++number) {
    story.finish(fmt::format("demo-sipnet-{}", number), "healthy");
  }
  CHECK(story.frame(50) ==
        std::vector<std::string>{" ✔ sipnet  4/4 healthy                       3.1s"});
}

TEST_CASE("render_frame: only what works or failed is expanded")
{
  Story story;
  for (int number = 1; number <= 4; ++number) {
    story.start(fmt::format("demo-sipnet-{}", number), "sipnet");
  }
  story.progress("demo-sipnet-3", "health: starting");
  story.now += milliseconds{2000};
  story.finish("demo-sipnet-1", "healthy");
  story.finish("demo-sipnet-2", "healthy");
  story.finish("demo-sipnet-4", "it is exited, exit code 1", StepOutcome::failed, {"no met file"});
  CHECK(story.frame(60) ==
        std::vector<std::string>{" ✘ sipnet  2/4 healthy                                 2.0s",
                                 "   · demo-sipnet-3  health: starting                   2.0s",
                                 "   ✘ demo-sipnet-4  it is exited, exit code 1          2.0s",
                                 "     | no met file"});
}

TEST_CASE("render_frame: a group of one is its step, a task of a service joins its line")
{
  Story story;
  story.start("demo-postgres-1", "postgres");
  story.now += milliseconds{6200};
  story.finish("demo-postgres-1", "healthy");
  CHECK(story.frame(50).at(0) == " ✔ postgres  healthy                         6.2s");
  story.now += seconds{10};  // others work; that is not its time
  story.start("database bety", "postgres", "set up");
  story.finish("database bety", "");
  CHECK(story.frame(60).at(0) == " ✔ postgres  healthy, database bety set up             6.2s");
  story.start("demo", "network", "create");
  story.finish("demo", "");
  CHECK(story.frame(50).at(1) == " ✔ network   demo created                     0ms");
}

TEST_CASE("render_frame: what leads to a container's own step is told only while it lasts")
{
  Story story;
  story.start("postgres containers", "postgres", "create");
  story.now += seconds{2};
  CHECK(story.frame(60).at(0) == " · postgres  creating                                  2.0s");
  story.finish("postgres containers", "");
  story.start("demo-postgres-1", "postgres");
  story.progress("demo-postgres-1", "health: starting");
  CHECK(story.frame(60) ==
        std::vector<std::string>{" · postgres  health: starting                          2.0s"});
}

TEST_CASE("render_frame: bytes are sizes, with rate and time left")
{
  Story story;
  story.start("pecan/web:1.8.0", "images", "pull");
  story.progress("pecan/web:1.8.0", "Downloading", 0, 100 << 20, "B");
  story.now += seconds{5};
  story.progress("pecan/web:1.8.0", "Downloading", 25 << 20, 100 << 20, "B");
  const auto line = story.frame(120).at(0);
  CAPTURE(line);
  CHECK(
      line.find("█████░░░░░░░░░░░░░░░ 25.0 MiB of 100.0 MiB, 5.0 MiB/s, 15.0s left  Downloading") !=
      std::string::npos);
  CHECK(story.frame(120, 24, {.is_unicode = false}).at(0).find("[#####...............]") !=
        std::string::npos);
  // Narrow: what says least goes first.
  CHECK(story.frame(60).at(0).find("25.0 MiB of 100.0 MiB") != std::string::npos);
}

TEST_CASE("render_frame: counts have their unit, and are not told twice")
{
  Story story;
  story.start("20261120-095239-13ec", "dalec", "run");
  story.progress("20261120-095239-13ec", "0/40 done, 0 failed, 4 running, 36 queued", 0, 40,
                 "jobs");
  story.now += seconds{10};
  story.progress("20261120-095239-13ec", "10/40 done, 0 failed, 4 running, 26 queued", 10, 40,
                 "jobs");
  const auto line = story.frame(140).at(0);
  CAPTURE(line);
  CHECK(line.find("█████░░░░░░░░░░░░░░░ 10/40 done, 0 failed, 4 running, 26 queued, 1.0 jobs/s, "
                  "30.0s left") != std::string::npos);
}

TEST_CASE("render_frame: what does not fit is counted, what is over goes first")
{
  Story story;
  for (int number = 1; number <= 30; ++number) {
    const auto id = fmt::format("service{}", number);
    story.start(id, id);
    if (number <= 10) {
      story.finish(id, "healthy");
    }
  }
  const auto lines = story.frame(80, 24);
  CHECK(lines.size() == 22);
  CHECK(lines.back() == "   … 9 more");
  CHECK(lines.front().find("service10") != std::string::npos);
  CHECK(story.frame(80, 24, {.is_unicode = false}).back() == "   ... 9 more");
}

TEST_CASE("render_frame: the end of a long name stays")
{
  Story story;
  story.start("registry.example.org/a/very/long/path/of/an/image/pecan/web:1.8.0", "images",
              "pull");
  const auto line = story.frame(40, 10).at(0);
  CHECK(line.find("web:1.8.0") != std::string::npos);
  CHECK(line.find("registry") == std::string::npos);
}

TEST_CASE("render_frame: colour only repeats what the words say")
{
  auto story = crowded(3, 3);
  const auto plain = story.frame(80, 24);
  const auto colored = story.frame(80, 24, {.with_color = true});
  REQUIRE(plain.size() == colored.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string text;
    for (std::size_t j = 0; j < colored[i].size(); ++j) {
      if (colored[i][j] == '\x1b') {
        j = colored[i].find('m', j);
      } else {
        text += colored[i][j];
      }
    }
    CHECK(text == plain[i]);
  }
}

TEST_CASE("render_last_frame: all of it, with the whole trail of what failed")
{
  Story story;
  std::vector<std::string> trail;
  for (int line = 1; line <= 20; ++line) {
    trail.push_back(fmt::format("log {}", line));
  }
  story.start("demo-dalec-1", "dalec");
  story.finish("demo-dalec-1", "it is exited", StepOutcome::failed, trail);
  CHECK(story.frame(80, 24).size() == 4);  // live: its last words
  const auto lines = render_last_frame(story.view, {.columns = 80, .rows = 10}, story.now, {});
  CHECK(lines.size() == 21);
  CHECK(lines.back() == "     | log 20");
}

TEST_CASE("ProgressView: a step around another of the same name keeps what that one said")
{
  Story story;
  story.start("demo-postgres-1", "postgres", "replace");
  story.start("demo-postgres-1", "postgres", "wait");
  story.finish("demo-postgres-1", "healthy");
  story.finish("demo-postgres-1", "");
  CHECK(story.frame(50).at(0).find("healthy") != std::string::npos);
}

TEST_CASE("ProgressView: what was stopped is interrupted, not failed")
{
  ProgressView view;
  view.on(StepStarted{.id = "a", .group = "g", .action = "wait"}, k_begin);
  view.on(StepFinished{.id = "a", .outcome = StepOutcome::failed}, k_begin, true);
  const auto lines = render_frame(view, {}, k_begin, {});
  CHECK(lines.at(0).starts_with(" ! g"));
  CHECK(lines.at(0).find("interrupted") != std::string::npos);
}

TEST_CASE("render_frame: a frame of 40 steps costs less than a millisecond")
{
  const auto story = crowded(10, 4);
  constexpr int k_frames = 50;
  auto best = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < k_frames; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    CHECK(story.frame(80, 24, {.with_color = true}).size() == 22);
    best = std::min(best, std::chrono::steady_clock::now() - begun);
  }
  const auto each = std::chrono::duration<double, std::micro>(best).count();
  MESSAGE("one frame of 41 steps: " << each << " µs");
#ifdef NDEBUG
  CHECK(each < 1'000);
#else
  CHECK(each < 50'000);  // not optimised, perhaps sanitized; an optimised one takes about 250
#endif
}
