// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <functional>
#include <mutex>
#include <regex>
#include <thread>

#include <doctest/doctest.h>

#include "cli/output/reporters.hpp"

using namespace pecanctl;
using namespace pecanctl::cli::output;

namespace {

struct Screen {
  std::mutex mutex = {};
  std::vector<std::string> writes = {};

  Sink sink()
  {
    return [this](std::string_view text) {
      const std::scoped_lock lock{mutex};
      writes.emplace_back(text);
    };
  }

  std::string all()
  {
    const std::scoped_lock lock{mutex};
    std::string text;
    for (const auto& write : writes) {
      text += write;
    }
    return text;
  }

  /// Waits until the text is as wanted; how long that takes is the machine's business.
  bool eventually(const std::function<bool(const std::string&)>& is_wanted)
  {
    constexpr int k_looks = 1000;
    for (int look = 0; look < k_looks; ++look) {
      if (is_wanted(all())) {
        return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return false;
  }
};

LiveOptions options_of(std::stop_token stop = {})
{
  return {.size = [] { return TerminalSize{}; }, .stop = std::move(stop), .stop_word = "stopping"};
}

}  // namespace

TEST_CASE("live reporter: what is over at once is one frame, and the cursor is back")
{
  Screen screen;
  const Redactor redactor;
  {
    const auto reporter = make_live_reporter(options_of(), redactor, screen.sink());
    reporter->on(StepStarted{.id = "demo", .group = "network", .action = "create"});
    reporter->on(StepFinished{.id = "demo"});
  }
  REQUIRE(screen.writes.size() == 1);
  const std::regex time{" +[0-9]+ms"};
  CHECK(std::regex_replace(screen.writes[0], time, " 0ms") ==
        "\x1b[?25l\r ✔ network  demo created 0ms\x1b[K\n\x1b[J\x1b[?25h");
}

TEST_CASE("live reporter: a command without steps writes nothing")
{
  Screen screen;
  const Redactor redactor;
  make_live_reporter(options_of(), redactor, screen.sink());
  CHECK(screen.all().empty());
}

TEST_CASE("live reporter: each write hides the cursor and shows it again")
{
  Screen screen;
  Redactor redactor;
  redactor.add(Secret{"hunter22"});
  const auto begun = std::chrono::steady_clock::now();
  {
    const auto reporter = make_live_reporter(options_of(), redactor, screen.sink());
    reporter->on(StepStarted{.id = "demo-postgres-1", .group = "postgres", .action = "wait"});
    constexpr const char* k_frame = "\x1b[?25l";
    REQUIRE(screen.eventually(
        [](const auto& text) { return text.find(k_frame) != text.rfind(k_frame); }));  // two
    note(*reporter, "the password is hunter22");
    reporter->on(StepFinished{.id = "demo-postgres-1", .detail = "healthy"});
  }
  CHECK(screen.writes.size() >= 3);
  const auto tenths = (std::chrono::steady_clock::now() - begun) / std::chrono::milliseconds{100};
  CHECK(screen.writes.size() <= static_cast<std::size_t>(tenths) + 3);  // ten a second
  for (const auto& write : screen.writes) {
    CHECK(write.starts_with("\x1b[?25l"));
    CHECK(write.ends_with("\x1b[?25h"));
  }
  CHECK(screen.all().find("the password is ***\x1b[K\n") != std::string::npos);
}

TEST_CASE("live reporter: a stop is answered once")
{
  Screen screen;
  const Redactor redactor;
  std::stop_source source;
  const auto reporter = make_live_reporter(options_of(source.get_token()), redactor, screen.sink());
  source.request_stop();
  REQUIRE(screen.eventually([](const auto& text) { return text.find("stopping") != text.npos; }));
  std::this_thread::sleep_for(std::chrono::milliseconds{250});
  const auto text = screen.all();
  CHECK(text.find("stopping") == text.rfind("stopping"));
}

TEST_CASE("live reporter: while the screen is held, nothing is painted")
{
  Screen screen;
  const Redactor redactor;
  const auto reporter = make_live_reporter(options_of(), redactor, screen.sink());
  reporter->on(StepStarted{.id = "a", .group = "g", .action = "wait"});
  REQUIRE(screen.eventually([](const auto& text) { return !text.empty(); }));
  {
    const auto hold = reporter->hold_screen();
    const auto before = screen.all();
    CHECK(before.ends_with("\r\x1b[1A\x1b[J\x1b[?25h"));  // the block is off the screen
    std::this_thread::sleep_for(std::chrono::milliseconds{250});
    CHECK(screen.all() == before);
  }
  reporter->on(StepFinished{.id = "a"});
}
