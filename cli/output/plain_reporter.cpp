// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/output/reporters.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

using PlainClock = std::chrono::steady_clock;

struct OpenStep {
  std::string action = {};
  std::string state = {};
};

enum class Priority { error = 3, warning = 4, information = 6 };

class PlainReporter : public Reporter {
 public:
  PlainReporter(PlainOptions options, const Redactor& redactor, Sink sink)
      : options_{options},
        redactor_{redactor},
        sink_{std::move(sink)}
  {
    if (options_.verbosity != Verbosity::quiet) {
      heart_ = std::jthread{[this](const std::stop_token& stop) { beat(stop); }};
    }
  }

  void on(const Event& event) noexcept override
  {
    if (options_.verbosity != Verbosity::quiet) {
      const std::scoped_lock lock{mutex_};
      std::visit([this](const auto& e) { handle(e); }, event);
    }
  }

 private:
  bool is_verbose() const { return options_.verbosity == Verbosity::verbose; }

  void handle(const StepStarted& e)
  {
    open_[e.id] = {.action = e.action, .state = "started"};
    actions_[e.id] = e.action;
    if (is_verbose()) {
      line(fmt::format("{} {} started", e.id, e.action));
    }
  }

  void handle(const StepProgress& e)
  {
    const auto found = open_.find(e.id);
    if (found == open_.end() || found->second.state == e.state) {
      return;
    }
    found->second.state = e.state;
    if (e.total == 0) {  // progress in numbers is for terminals and heartbeats
      line(fmt::format("{} {} {}", e.id, found->second.action, e.state));
    }
  }

  void handle(const StepFinished& e)
  {
    open_.erase(e.id);
    const auto& action = actions_[e.id];
    const bool has_failed = e.outcome == StepOutcome::failed;
    const auto* const outcome = e.outcome == StepOutcome::done ? "done"
                                : has_failed                   ? "FAILED"
                                                               : "skipped";
    line(fmt::format("{} {}{}{}{} ({})", e.id, action, action.empty() ? "" : " ", outcome,
                     e.detail.empty() ? "" : " " + e.detail, format_duration(e.elapsed)),
         has_failed ? Priority::error : Priority::information);
    for (const auto& text : e.trail) {
      line("  | " + text, Priority::error);
    }
  }

  void handle(const Note& e)
  {
    if (e.level == NoteLevel::warning) {
      line("warning: " + e.text, Priority::warning);
    } else if (e.level == NoteLevel::info || is_verbose()) {
      line(e.text);
    }
  }

  // A text of several lines becomes several lines, each as complete as the first.
  void line(const std::string& text, Priority priority = Priority::information)
  {
    last_line_ = PlainClock::now();
    const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    const auto prefix = options_.is_journal ? fmt::format("<{}>", static_cast<int>(priority))
                                            : fmt::format("{:%H:%M:%S}Z ", fmt::gmtime(now));
    std::string lines;
    for (const auto& part : split(redactor_.redact(text), '\n')) {
      lines += prefix + escape_control(part) + "\n";
    }
    sink_(lines);
  }

  // Names up to three of what is waited for, and for what.
  std::string waiting() const
  {
    constexpr int k_named = 3;
    std::string text;
    int count = 0;
    for (const auto& [id, step] : open_) {
      if (++count <= k_named) {
        text += fmt::format("{}{} {}: {}", text.empty() ? "" : ", ", id, step.action, step.state);
      }
    }
    return count > k_named ? text + fmt::format(" (and {} more)", count - k_named) : text;
  }

  void beat(const std::stop_token& stop)
  {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      const auto due = last_line_ + options_.heartbeat;
      wake_.wait_until(lock, stop, std::max(due, PlainClock::now() + options_.heartbeat / 10),
                       [] { return false; });
      const bool is_due = PlainClock::now() - last_line_ >= options_.heartbeat;
      if (!stop.stop_requested() && !open_.empty() && is_due) {
        line("still waiting: " + waiting());
      }
    }
  }

  PlainOptions options_;
  const Redactor& redactor_;
  Sink sink_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, OpenStep> open_;
  std::map<std::string, std::string> actions_;  ///< of all steps: an outer one may end last
  PlainClock::time_point last_line_ = PlainClock::now();
  std::jthread heart_;
};

}  // namespace

std::unique_ptr<Reporter> make_plain_reporter(PlainOptions options, const Redactor& redactor,
                                              Sink sink)
{
  return std::make_unique<PlainReporter>(options, redactor, std::move(sink));
}

bool is_journal(int fd, std::string_view journal_stream)
{
  struct stat file {};

  return !journal_stream.empty() && ::fstat(fd, &file) == 0 &&
         journal_stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

}  // namespace pecanctl::cli::output
