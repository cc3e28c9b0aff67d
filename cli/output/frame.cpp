// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/frame.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/output/display_text.hpp"
#include "cli/output/step_line.hpp"

namespace pecanctl::cli::output {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_live_trail = 3;

// What goes first when there is no room.
enum class Rank { failed, group, open, finished, trail };

struct RankedLine {
  std::string text = {};
  Rank rank = Rank::group;
};

milliseconds between(ViewTime from, ViewTime to)
{
  return std::chrono::duration_cast<milliseconds>(to - from);
}

// "create" -> "created": the word for steps that ended without one of their own.
std::string past_of(const std::string& action)
{
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> k_words{
      {{"create", "created"},
       {"pull", "pulled"},
       {"build", "built"},
       {"bootstrap", "made"},
       {"wait", "ready"},
       {"remove", "removed"},
       {"replace", "replaced"},
       {"drain", "drained"}}};
  const auto* const found =
      std::ranges::find(k_words, action, [](auto& pair) { return pair.first; });
  return found == k_words.end() ? action : std::string{found->second};
}

std::string result_of(const StepView& step)
{
  switch (step.state) {
    case StepState::interrupted:
      return "interrupted";
    case StepState::failed:
      return step.detail.empty() ? step.action + " failed" : step.detail;
    case StepState::skipped:
      return step.detail.empty() ? "skipped" : step.detail;
    case StepState::open:
    case StepState::done:
      break;
  }
  return step.detail.empty() ? past_of(step.action) : step.detail;
}

Sign sign_of(StepState state)
{
  switch (state) {
    case StepState::open:
      return Sign::working;
    case StepState::done:
      return Sign::done;
    case StepState::skipped:
      return Sign::skipped;
    case StepState::failed:
      return Sign::failed;
    case StepState::interrupted:
      return Sign::caution;
  }
  return Sign::working;
}

bool has_state(const GroupView& group, StepState state)
{
  return std::ranges::any_of(group.steps, [&](const auto& step) { return step.state == state; });
}

Sign sign_of(const GroupView& group)
{
  for (const auto state : {StepState::failed, StepState::interrupted, StepState::open}) {
    if (has_state(group, state)) {
      return sign_of(state);
    }
  }
  return has_state(group, StepState::done) ? Sign::done : Sign::skipped;
}

// demo-sipnet-3 is one of sipnet: the group's name says all but the number.
bool is_replica(const StepView& step, const GroupView& group)
{
  return step.id == group.name || step.id.find("-" + group.name + "-") != std::string::npos;
}

// What an id adds to its group's name.
std::string own_part(const StepView& step, const GroupView& group)
{
  if (is_replica(step, group)) {
    return {};
  }
  return step.id.starts_with(group.name + " ") ? step.id.substr(group.name.size() + 1) : step.id;
}

std::string with_blank(const std::string& front, const std::string& back)
{
  return front.empty() || back.empty() ? front + back : front + " " + back;
}

// "3/4 healthy, queue SIPNET_1 set up"
std::string summary_of(const GroupView& group)
{
  std::size_t replicas = 0;
  std::size_t fine = 0;
  std::string word;
  std::vector<std::string> others;
  for (const auto& step : group.steps) {
    const bool is_done = step.state == StepState::done;
    if (is_replica(step, group)) {
      ++replicas;
      fine += is_done ? 1 : 0;
      word = is_done ? result_of(step) : word.empty() ? past_of(step.action) : word;
    } else if (step.state != StepState::open) {
      others.push_back(with_blank(own_part(step, group), result_of(step)));
    }
  }
  std::string text;
  if (replicas > 0) {
    text = replicas == 1 && fine == 1 ? word : fmt::format("{}/{} {}", fine, replicas, word);
  } else if (others.size() > 2 || group.is_open()) {
    const auto ended = std::ranges::count_if(
        group.steps, [](const auto& step) { return step.state == StepState::done; });
    return fmt::format("{}/{} {}", ended, group.steps.size(), past_of(group.steps.front().action));
  }
  for (const auto& other : others) {
    text += (text.empty() ? "" : ", ") + other;
  }
  return text;
}

class Layout {
 public:
  Layout(const ProgressView& view, TerminalSize size, ViewTime now, TerminalStyle style,
         bool is_last)
      : view_{view},
        now_{now},
        is_last_{is_last},
        limit_{static_cast<std::size_t>(std::max(1, size.rows - 2))},
        style_{.columns = std::max(1, size.columns - 1), .terminal = style}
  {
    int widest = 0;
    for (const auto& group : view_.groups()) {
      widest = std::max(widest, display_width(one_line(group.name, style.is_unicode)));
    }
    style_.label = std::min(widest, std::max(4, style_.columns / 4));
  }

  std::vector<std::string> render()
  {
    for (const auto& group : view_.groups()) {
      add_group(group);
    }
    if (!is_last_) {
      drop_what_is_too_much();
    }
    std::vector<std::string> texts(lines_.size());
    std::ranges::transform(lines_, texts.begin(),
                           [](RankedLine& line) { return std::move(line.text); });
    return texts;
  }

 private:
  std::string clean(std::string_view text) const
  {
    return one_line(text, style_.terminal.is_unicode);
  }

  void add_group(const GroupView& group)
  {
    const auto begun = std::ranges::min(group.steps, {}, &StepView::began).began;
    const auto ended =
        group.is_open() ? now_ : std::ranges::max(group.steps, {}, &StepView::ended).ended;
    const auto name = clean(group.name);
    const bool has_failed = group.has_failed() || has_state(group, StepState::interrupted);
    if (group.steps.size() == 1) {
      add_only(group.steps.front(), group, name);
      return;
    }
    const auto rank = has_failed ? Rank::failed : group.is_open() ? Rank::group : Rank::finished;
    lines_.push_back(
        {render_line(sign_of(group), name, clean(summary_of(group)), between(begun, ended), style_),
         rank});
    add_steps(group);
  }

  // A group of one is its step.
  void add_only(const StepView& step, const GroupView& group, const std::string& name)
  {
    const bool is_open = step.state == StepState::open;
    const auto own = clean(own_part(step, group));
    const auto room = text_room(name, style_);
    auto text =
        is_open ? render_progress(step, room, now_, style_.terminal) : clean(result_of(step));
    if (!own.empty()) {
      // The end of a name tells most; it gives way to what is said about it, but not all of its
      // room.
      const auto own_room = std::max(room - display_width(text) - 1, room / 2);
      const auto shown = keep_end(own, own_room, ellipsis(style_.terminal));
      text = with_blank(shown, is_open ? render_progress(step, room - display_width(shown) - 1,
                                                         now_, style_.terminal)
                                       : text);
    }
    const auto rank = step.state == StepState::open     ? Rank::group
                      : step.state == StepState::failed ? Rank::failed
                                                        : Rank::finished;
    lines_.push_back({render_line(sign_of(step.state), name, text,
                                  between(step.began, is_open ? now_ : step.ended), style_),
                      rank});
    add_trail(step);
  }

  void add_steps(const GroupView& group)
  {
    auto style = style_;
    style.columns -= 2;
    std::size_t shown = 0;
    for (const auto& step : group.steps) {
      const bool is_open = step.state == StepState::open;
      const bool is_bad = step.state == StepState::failed || step.state == StepState::interrupted;
      if (!is_open && !is_bad) {
        continue;
      }
      // Lines that cannot be seen are only counted.
      if (!is_last_ && is_open && ++shown > limit_) {
        ++hidden_;
        continue;
      }
      const auto id = clean(step.id);
      style.label = std::min(display_width(id), style.columns / 2);
      const auto text = is_open ? render_progress(step, text_room(id, style), now_, style.terminal)
                                : clean(result_of(step));
      lines_.push_back({"  " + render_line(sign_of(step.state), id, text,
                                           between(step.began, is_open ? now_ : step.ended), style),
                        is_open ? Rank::open : Rank::failed});
      add_trail(step);
    }
  }

  void add_trail(const StepView& step)
  {
    const auto count = step.trail.size();
    const auto first = is_last_ ? 0 : count - std::min(count, k_live_trail);
    for (auto i = first; i < count; ++i) {
      lines_.push_back({render_trail(step.trail[i], style_), Rank::trail});
    }
  }

  void drop_what_is_too_much()
  {
    for (const auto rank : {Rank::trail, Rank::finished, Rank::open, Rank::group, Rank::failed}) {
      drop(rank);
    }
    if (hidden_ > 0 && limit_ > 1) {
      const auto text =
          fmt::format("   {} {} more", style_.terminal.is_unicode ? "…" : "...", hidden_);
      lines_.push_back({dim(keep_front(text, style_.columns, ""), style_.terminal), Rank::group});
    }
  }

  // From the oldest on what is over; from the end what is under way.
  void drop(Rank rank)
  {
    const auto room = [&] { return limit_ - (hidden_ > 0 && limit_ > 1 ? 1 : 0); };
    const bool is_over = rank == Rank::trail || rank == Rank::finished;
    while (lines_.size() > room()) {
      const auto is_such = [&](const RankedLine& line) { return line.rank == rank; };
      const auto front = std::ranges::find_if(lines_, is_such);
      if (front == lines_.end()) {
        return;
      }
      const auto back = std::find_if(lines_.rbegin(), lines_.rend(), is_such);
      lines_.erase(is_over ? front : std::prev(back.base()));
      hidden_ += rank == Rank::trail ? 0 : 1;
    }
  }

  const ProgressView& view_;
  ViewTime now_;
  bool is_last_;
  std::size_t limit_;
  LineStyle style_;
  std::vector<RankedLine> lines_;
  std::size_t hidden_ = 0;
};

}  // namespace

std::vector<std::string> render_frame(const ProgressView& view, TerminalSize size, ViewTime now,
                                      TerminalStyle style)
{
  return Layout{view, size, now, style, false}.render();
}

std::vector<std::string> render_last_frame(const ProgressView& view, TerminalSize size,
                                           ViewTime now, TerminalStyle style)
{
  return Layout{view, size, now, style, true}.render();
}

}  // namespace pecanctl::cli::output
