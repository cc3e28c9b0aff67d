// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr milliseconds k_frame{100};
constexpr milliseconds k_quiet_start{300};

struct LiveStep {
  StepStarted started;
  StepProgress progress;
  Clock::time_point since = Clock::now();
};

class TerminalReporter : public Reporter {
 public:
  TerminalReporter(Verbosity verbosity, bool with_color)
      : verbosity_{verbosity},
        with_color_{with_color}
  {
    painter_ = std::jthread{[this](const std::stop_token& stop) { paint_frames(stop); }};
  }

  TerminalReporter(const TerminalReporter&) = delete;
  TerminalReporter& operator=(const TerminalReporter&) = delete;

  ~TerminalReporter() override
  {
    painter_ = {};
    clear();
  }

  void on(const Event& event) noexcept override
  {
    const std::scoped_lock lock{mutex_};
    std::visit([this](const auto& e) { handle(e); }, event);
  }

 private:
  void handle(const StepStarted& e)
  {
    open_.insert_or_assign(e.id, LiveStep{.started = e, .progress = {}});
  }

  void handle(const StepProgress& e)
  {
    if (const auto found = open_.find(e.id); found != open_.end()) {
      found->second.progress = e;
    }
  }

  void handle(const StepFinished& e)
  {
    const auto found = open_.find(e.id);
    const auto action = found == open_.end() ? std::string{} : found->second.started.action;
    open_.erase(e.id);
    const bool has_failed = e.outcome == StepOutcome::failed;
    const auto detail = e.detail.empty() ? action : e.detail;
    print(fmt::format(" {} {:<22} {:<28} {:>8}", symbol(has_failed), escape_control(e.id),
                      escape_control(detail), format_duration(e.elapsed)));
  }

  void handle(const Note& e)
  {
    if (e.level == NoteLevel::warning) {
      print("warning: " + escape_control(e.text));
    } else if (e.level == NoteLevel::info || verbosity_ == Verbosity::verbose) {
      print(escape_control(e.text));
    }
  }

  std::string symbol(bool has_failed) const
  {
    const std::string_view sign = has_failed ? "✘" : "✔";
    return with_color_ ? fmt::format("\x1b[{}m{}\x1b[0m", has_failed ? 31 : 32, sign)
                       : std::string{sign};
  }

  // Lines that stay scroll up above the live line.
  void print(const std::string& text)
  {
    clear();
    write_stderr(text + "\n");
  }

  void clear()
  {
    if (has_live_line_) {
      write_stderr("\r\x1b[K");
      has_live_line_ = false;
    }
  }

  void paint_frames(const std::stop_token& stop)
  {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, k_frame, [] { return false; });
      if (!open_.empty() && Clock::now() - begun_ >= k_quiet_start) {
        write_stderr("\r" + clip(live_line(), terminal_size(STDERR_FILENO).columns - 1) + "\x1b[K");
        has_live_line_ = true;
      }
    }
  }

  std::string live_line() const
  {
    const auto& [id, step] = *open_.begin();
    auto text = fmt::format(" · {} {}", id, step.started.action);
    if (!step.progress.state.empty()) {
      text += ": " + escape_control(step.progress.state);
    }
    if (step.progress.total > 0) {
      text += fmt::format(" {}", step.progress.unit == "B"
                                     ? fmt::format("{} of {}", format_size(step.progress.current),
                                                   format_size(step.progress.total))
                                     : fmt::format("{}/{} {}", step.progress.current,
                                                   step.progress.total, step.progress.unit));
    }
    if (open_.size() > 1) {
      text += fmt::format(" (and {} more)", open_.size() - 1);
    }
    const auto elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - step.since);
    return text + "  " + format_duration(elapsed);
  }

  Verbosity verbosity_;
  bool with_color_;
  bool has_live_line_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, LiveStep> open_;
  Clock::time_point begun_ = Clock::now();
  std::jthread painter_;
};

}  // namespace

std::unique_ptr<Reporter> make_terminal_reporter(Verbosity verbosity, bool with_color)
{
  if (verbosity == Verbosity::quiet) {
    return make_plain_reporter(verbosity);
  }
  return std::make_unique<TerminalReporter>(verbosity, with_color);
}

}  // namespace pecanctl::cli::output
