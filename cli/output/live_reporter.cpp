// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <thread>

#include "cli/output/display_text.hpp"
#include "cli/output/reporters.hpp"

namespace pecanctl::cli::output {
namespace {

using LiveClock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds k_frame{100};
constexpr std::chrono::milliseconds k_quiet_start{300};

constexpr std::string_view k_hide_cursor = "\x1b[?25l";
constexpr std::string_view k_show_cursor = "\x1b[?25h";
constexpr std::string_view k_clear_line = "\x1b[K";
constexpr std::string_view k_clear_below = "\x1b[J";

// Cells of a painted line, without its escapes (ours are all "ESC [ … letter").
int painted_width(std::string_view line)
{
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = line.find_first_of("mKJ", i);
    } else {
      text += line[i];
    }
  }
  return display_width(text);
}

// The block on the screen. Not thread-safe.
class Block {
 public:
  explicit Block(Sink sink) : sink_{std::move(sink)} {}

  // Replaces the block, with `above` before it. The cursor is hidden within the one write that this
  // is, and nowhere else: however the process ends, it is there.
  void paint(const std::vector<std::string>& above, const std::vector<std::string>& lines,
             int columns)
  {
    if (above.empty() && lines == lines_ && columns == columns_) {
      return;
    }
    std::string text{k_hide_cursor};
    text += go_to_top(columns);
    for (const auto* part : {&above, &lines}) {
      for (const auto& line : *part) {
        text += line;
        text += k_clear_line;
        text += '\n';
      }
    }
    text += k_clear_below;
    text += k_show_cursor;
    lines_ = lines;
    columns_ = columns;
    sink_(text);
  }

  // What is painted now stays.
  void leave() { lines_.clear(); }

  bool is_empty() const { return lines_.empty(); }

 private:
  // A terminal that became narrower has broken the lines that are painted.
  std::string go_to_top(int columns) const
  {
    int rows = 0;
    for (const auto& line : lines_) {
      const auto width = columns < columns_ ? painted_width(line) : 0;
      rows += std::max(1, (width + columns - 1) / std::max(columns, 1));
    }
    return rows == 0 ? "\r" : "\r\x1b[" + std::to_string(rows) + "A";
  }

  Sink sink_;
  std::vector<std::string> lines_;
  int columns_ = 0;
};

// Events only change the state, under one lock. A thread of its own paints, under another one: a
// terminal that takes no more (Ctrl-S) stops nobody's work.
class BlockReporter : public LiveReporter {
 public:
  BlockReporter(LiveOptions options, const Redactor& redactor, Sink sink)
      : options_{std::move(options)},
        redactor_{redactor},
        block_{std::move(sink)},
        on_stop_{options_.stop, [this] { wake_.notify_all(); }}
  {
    painter_ = std::jthread{[this](const std::stop_token& over) { paint_frames(over); }};
  }

  BlockReporter(const BlockReporter&) = delete;
  BlockReporter& operator=(const BlockReporter&) = delete;

  ~BlockReporter() override
  {
    painter_ = {};
    hold_screen();
  }

  void on(const Event& event) noexcept override
  {
    const std::scoped_lock lock{state_mutex_};
    std::visit([this](const auto& e) { handle(e); }, event);
  }

  std::unique_lock<std::mutex> hold_screen() override
  {
    std::unique_lock screen{screen_mutex_};
    const auto size = options_.size();
    const std::scoped_lock lock{state_mutex_};
    const auto above = take_messages(size.columns);
    if (view_.is_open()) {
      block_.paint(above, {}, size.columns);
      return screen;
    }
    if (!view_.groups().empty() || !above.empty() || !block_.is_empty()) {
      block_.paint(above, render_last_frame(view_, size, LiveClock::now(), options_.style),
                   size.columns);
    }
    block_.leave();
    view_ = {};
    return screen;
  }

 private:
  void handle(const StepStarted& e) { view_.on(e, LiveClock::now()); }

  void handle(StepProgress e)
  {
    e.state = redactor_.redact(e.state);
    view_.on(e, LiveClock::now());
  }

  void handle(StepFinished e)
  {
    for (auto& line : e.trail) {
      line = redactor_.redact(line);
    }
    e.detail = redactor_.redact(e.detail);
    view_.on(e, LiveClock::now(), options_.stop.stop_requested());
  }

  void handle(const Note& e)
  {
    if (e.level == NoteLevel::debug && options_.verbosity != Verbosity::verbose) {
      return;
    }
    const auto* const prefix = e.level == NoteLevel::warning ? "warning: " : "";
    messages_.push_back(redactor_.redact(prefix + e.text));
    wake_.notify_all();
  }

  // Broken here and not by the terminal, so that it is known how many lines they are.
  std::vector<std::string> take_messages(int columns)
  {
    if (is_stop_news()) {
      has_said_stop_ = true;
      messages_.emplace_back(options_.stop_word);
    }
    std::vector<std::string> lines;
    for (const auto& message : messages_) {
      const auto text = one_line(message, options_.style.is_unicode);
      std::ranges::move(wrap_text(text, columns - 1, 2), std::back_inserter(lines));
    }
    messages_.clear();
    return lines;
  }

  bool is_urgent() const { return !messages_.empty() || is_stop_news(); }

  bool is_stop_news() const
  {
    return options_.stop.stop_requested() && !has_said_stop_ &&
           (!options_.is_quiet || !options_.is_quiet());
  }

  void paint_frames(const std::stop_token& over)
  {
    auto next = begun_ + k_frame;
    while (!over.stop_requested()) {
      {
        std::unique_lock lock{state_mutex_};
        wake_.wait_until(lock, over, next, [this] { return is_urgent(); });
      }
      if (!over.stop_requested()) {
        paint_frame();
        next = LiveClock::now() + k_frame;
      }
    }
  }

  void paint_frame()
  {
    const std::scoped_lock screen{screen_mutex_};
    const auto size = options_.size();
    std::vector<std::string> above;
    std::vector<std::string> lines;
    {
      const std::scoped_lock lock{state_mutex_};
      const auto now = LiveClock::now();
      above = take_messages(size.columns);
      if (now - begun_ >= k_quiet_start) {
        lines = render_frame(view_, size, now, options_.style);
      }
    }
    if (!lines.empty() || !above.empty() || !block_.is_empty()) {
      block_.paint(above, lines, size.columns);
    }
  }

  LiveOptions options_;
  const Redactor& redactor_;
  std::mutex screen_mutex_;
  Block block_;
  std::mutex state_mutex_;
  std::condition_variable_any wake_;
  ProgressView view_;
  std::vector<std::string> messages_;
  bool has_said_stop_ = false;
  LiveClock::time_point begun_ = LiveClock::now();
  std::jthread painter_;
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace

std::unique_ptr<LiveReporter> make_live_reporter(LiveOptions options, const Redactor& redactor,
                                                 Sink sink)
{
  return std::make_unique<BlockReporter>(std::move(options), redactor, std::move(sink));
}

}  // namespace pecanctl::cli::output
