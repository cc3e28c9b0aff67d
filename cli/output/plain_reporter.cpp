// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds k_heartbeat{30};

struct OpenStep {
  std::string action;
  std::string state;
};

class PlainReporter : public Reporter {
 public:
  explicit PlainReporter(Verbosity verbosity) : verbosity_{verbosity}
  {
    if (verbosity_ != Verbosity::quiet) {
      heart_ = std::jthread{[this](const std::stop_token& stop) { beat(stop); }};
    }
  }

  void on(const Event& event) noexcept override
  {
    const std::scoped_lock lock{mutex_};
    std::visit([this](const auto& e) { handle(e); }, event);
  }

 private:
  void handle(const StepStarted& e)
  {
    open_[e.id] = {.action = e.action, .state = "started"};
    if (verbosity_ == Verbosity::verbose) {
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
    const auto found = open_.find(e.id);
    const auto action = found == open_.end() ? std::string{} : found->second.action + " ";
    if (found != open_.end()) {
      open_.erase(found);
    }
    const auto outcome = e.outcome == StepOutcome::done      ? "done"
                         : e.outcome == StepOutcome::skipped ? "skipped"
                                                             : "FAILED";
    line(fmt::format("{} {}{}{} ({})", e.id, action, outcome,
                     e.detail.empty() ? "" : " " + e.detail, format_duration(e.elapsed)));
  }

  void handle(const Note& e)
  {
    if (e.level == NoteLevel::warning) {
      write_stderr(fmt::format("warning: {}\n", escape_control(e.text)));
    } else if (e.level == NoteLevel::info || verbosity_ == Verbosity::verbose) {
      line(e.text);
    }
  }

  void line(const std::string& text)
  {
    last_line_ = Clock::now();
    if (verbosity_ != Verbosity::quiet) {
      const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
      write_stderr(fmt::format("{:%H:%M:%S}Z {}\n", fmt::gmtime(now), escape_control(text)));
    }
  }

  void beat(const std::stop_token& stop)
  {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, std::chrono::seconds{1}, [] { return false; });
      if (!open_.empty() && Clock::now() - last_line_ >= k_heartbeat) {
        const auto& [id, step] = *open_.begin();
        line(fmt::format("still waiting: {} {} {}{}", id, step.action, step.state,
                         open_.size() > 1 ? fmt::format(" (and {} more)", open_.size() - 1) : ""));
      }
    }
  }

  Verbosity verbosity_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, OpenStep> open_;
  Clock::time_point last_line_ = Clock::now();
  std::jthread heart_;
};

}  // namespace

std::unique_ptr<Reporter> make_plain_reporter(Verbosity verbosity)
{
  return std::make_unique<PlainReporter>(verbosity);
}

}  // namespace pecanctl::cli::output
