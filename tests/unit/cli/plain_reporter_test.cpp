// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "cli/output/reporters.hpp"
#include "core/base/text.hpp"

using namespace pecanctl;
using namespace pecanctl::cli::output;

namespace {

// What was written, and a way to wait for more of it.
class Paper {
 public:
  Sink sink()
  {
    return [this](std::string_view text) {
      const std::scoped_lock lock{mutex_};
      text_ += text;
      more_.notify_all();
    };
  }

  std::string text()
  {
    const std::scoped_lock lock{mutex_};
    return text_;
  }

  bool wait_for(const std::string& words)
  {
    std::unique_lock lock{mutex_};
    return more_.wait_for(lock, std::chrono::seconds{10},
                          [&] { return text_.find(words) != std::string::npos; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::string text_;
};

void tell_story(Reporter& reporter)
{
  reporter.on(StepStarted{.id = "demo-dalec-1", .group = "dalec", .action = "wait"});
  reporter.on(StepProgress{.id = "demo-dalec-1", .state = "health: \x1b[31mstarting\r"});
  reporter.on(StepFinished{.id = "demo-dalec-1",
                           .outcome = StepOutcome::failed,
                           .detail = "it is exited",
                           .trail = {"password is hunter22", "bye"}});
  warn(reporter, "one\ntwo");
  note(reporter, "fine");
  debug(reporter, "not without -v");
}

}  // namespace

TEST_CASE("plain reporter: a line per transition, with the time, no escape, no carriage return")
{
  Paper paper;
  Redactor redactor;
  redactor.add(Secret{"hunter22"});
  tell_story(*make_plain_reporter({}, redactor, paper.sink()));
  const auto lines = split(trim(paper.text()), '\n');
  REQUIRE(lines.size() == 7);
  for (const auto& line : lines) {
    CHECK(line.substr(2, 1) == ":");
    CHECK(line.substr(8, 2) == "Z ");
    CHECK(line.find_first_of("\x1b\r") == std::string::npos);
  }
  CHECK(lines[0].substr(10) == "demo-dalec-1 wait health: \\x1b[31mstarting\\x0d");
  CHECK(lines[1].substr(10).starts_with("demo-dalec-1 wait FAILED it is exited ("));
  CHECK(lines[1].ends_with("ms)"));
  CHECK(lines[2].substr(10) == "  | password is ***");
  CHECK(lines[4].substr(10) == "warning: one");
  CHECK(lines[5].substr(10) == "two");
}

TEST_CASE("plain reporter: the journal gets priorities and no time")
{
  Paper paper;
  const Redactor redactor;
  tell_story(*make_plain_reporter({.is_journal = true}, redactor, paper.sink()));
  CHECK(paper.text() ==
        "<6>demo-dalec-1 wait health: \\x1b[31mstarting\\x0d\n"
        "<3>demo-dalec-1 wait FAILED it is exited (0ms)\n"
        "<3>  | password is hunter22\n<3>  | bye\n"
        "<4>warning: one\n<4>two\n<6>fine\n");
}

TEST_CASE("plain reporter: quiet says nothing")
{
  Paper paper;
  const Redactor redactor;
  tell_story(*make_plain_reporter({.verbosity = Verbosity::quiet}, redactor, paper.sink()));
  CHECK(paper.text().empty());
}

TEST_CASE("plain reporter: the heartbeat names what is waited for")
{
  Paper paper;
  const Redactor redactor;
  const auto reporter =
      make_plain_reporter({.heartbeat = std::chrono::milliseconds{20}}, redactor, paper.sink());
  for (const auto* const name : {"a", "b", "c", "d"}) {
    reporter->on(StepStarted{.id = name, .action = "wait"});
  }
  reporter->on(StepProgress{.id = "a", .state = "health: starting"});
  CHECK(
      paper.wait_for("still waiting: a wait: health: starting, b wait: started, c wait: started "
                     "(and 1 more)\n"));
  for (const auto* const name : {"a", "b", "c", "d"}) {
    reporter->on(StepFinished{.id = name});
  }
}

TEST_CASE("is_journal: only the very file that JOURNAL_STREAM names")
{
  struct stat file {};

  REQUIRE(::fstat(STDERR_FILENO, &file) == 0);
  const auto own = fmt::format("{}:{}", file.st_dev, file.st_ino);
  CHECK(is_journal(STDERR_FILENO, own));
  CHECK_FALSE(is_journal(STDERR_FILENO, own + "1"));
  CHECK_FALSE(is_journal(STDERR_FILENO, ""));
  CHECK_FALSE(is_journal(-1, own));
}
