// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <mutex>
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
  CHECK(screen.writes[0] == "\x1b[?25l\r ✔ network  demo created" + std::string(47, ' ') +
                                "     0ms\x1b[K\n\x1b[J\x1b[?25h");
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
  {
    const auto reporter = make_live_reporter(options_of(), redactor, screen.sink());
    reporter->on(StepStarted{.id = "demo-postgres-1", .group = "postgres", .action = "wait"});
    std::this_thread::sleep_for(std::chrono::milliseconds{650});
    note(*reporter, "the password is hunter22");
    reporter->on(StepFinished{.id = "demo-postgres-1", .detail = "healthy"});
  }
  CHECK(screen.writes.size() >= 3);
  CHECK(screen.writes.size() <= 7);  // ten a second, after 300 ms
  for (const auto& write : screen.writes) {
    CHECK(write.starts_with("\x1b[?25l"));
    CHECK(write.ends_with("\x1b[?25h"));
  }
  CHECK(screen.all().find("the password is ***\x1b[K\n") != std::string::npos);
}

TEST_CASE("live reporter: a stop is answered within 100 ms, once")
{
  Screen screen;
  const Redactor redactor;
  std::stop_source source;
  const auto reporter = make_live_reporter(options_of(source.get_token()), redactor, screen.sink());
  source.request_stop();
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  const auto text = screen.all();
  const auto at = text.find("stopping");
  CHECK(at != std::string::npos);
  CHECK(text.find("stopping", at + 1) == std::string::npos);
}

TEST_CASE("live reporter: while the screen is held, nothing is painted")
{
  Screen screen;
  const Redactor redactor;
  const auto reporter = make_live_reporter(options_of(), redactor, screen.sink());
  reporter->on(StepStarted{.id = "a", .group = "g", .action = "wait"});
  std::this_thread::sleep_for(std::chrono::milliseconds{450});
  {
    const auto hold = reporter->hold_screen();
    const auto before = screen.all();
    CHECK(before.ends_with("\r\x1b[1A\x1b[J\x1b[?25h"));  // the block is off the screen
    std::this_thread::sleep_for(std::chrono::milliseconds{250});
    CHECK(screen.all() == before);
  }
  reporter->on(StepFinished{.id = "a"});
}
