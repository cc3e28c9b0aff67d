// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/step_line.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "cli/output/display_text.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

constexpr int k_bar = 20;
constexpr int k_short_bar = 8;

struct SignForm {
  std::string_view unicode;
  std::string_view ascii;
  std::string_view color;
};

const SignForm& form_of(Sign sign)
{
  static constexpr std::array k_forms{SignForm{"✔", "ok", "32"}, SignForm{"✘", "FAIL", "1;31"},
                                      SignForm{"!", "!", "33"}, SignForm{"·", ".", "36"},
                                      SignForm{"-", "-", "2"}};
  return k_forms.at(static_cast<std::size_t>(sign));
}

int sign_room(TerminalStyle style)
{
  return style.is_unicode ? 1 : 4;
}

std::string render_sign(Sign sign, TerminalStyle style)
{
  const auto& form = form_of(sign);
  const auto text =
      pad_right(std::string{style.is_unicode ? form.unicode : form.ascii}, sign_room(style));
  return style.with_color ? fmt::format("\x1b[{}m{}\x1b[0m", form.color, text) : text;
}

std::string render_bar(const StepView& step, int cells, TerminalStyle style)
{
  const auto share = static_cast<double>(step.current) / static_cast<double>(step.total);
  const auto full = std::clamp(static_cast<int>(share * cells), 0, cells);
  std::string bar;
  for (int i = 0; i < cells; ++i) {
    bar += style.is_unicode ? (i < full ? "█" : "░") : (i < full ? "#" : ".");
  }
  return style.is_unicode ? bar : "[" + bar + "]";
}

std::string render_amount(const StepView& step)
{
  return step.unit == "B"
             ? fmt::format("{} of {}", format_size(step.current), format_size(step.total))
             : fmt::format("{}/{} {}", step.current, step.total, step.unit);
}

std::string render_rate(const StepView& step, double rate)
{
  return step.unit == "B" ? format_size(static_cast<std::uint64_t>(rate)) + "/s"
                          : fmt::format("{:.1f} {}/s", rate, step.unit);
}

// How the cells of a line are shared out. On a very narrow terminal the time goes first.
struct Cells {
  int left = 0;  ///< for name and text
  int name = 0;
  int text = 0;
  int time = 0;
};

Cells measure(std::string_view label, bool has_text, bool has_time, const LineStyle& style)
{
  constexpr int k_time = 8;  // "  12m34s"
  constexpr int k_narrow = 24;
  const auto room = style.columns - 1 - sign_room(style.terminal) - 1;
  Cells cells{.time = has_time && room >= k_narrow ? k_time : 0};
  cells.left = std::max(0, room - cells.time);
  cells.name = has_text ? std::min(std::max(style.label, cells.left / 2), cells.left) : cells.left;
  const auto shown =
      std::max(std::min(display_width(label), cells.name), std::min(style.label, cells.name));
  cells.text = std::max(0, cells.left - shown - 2);
  return cells;
}

// What is said of a step that has said nothing yet.
std::string doing(const std::string& action)
{
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> k_words{
      {{"set up", "setting up"},
       {"run", "running"},
       {"wait", "waiting"},
       {"pull", "pulling"},
       {"bootstrap", "bootstrapping"}}};
  const auto* const found =
      std::ranges::find(k_words, action, [](auto& pair) { return pair.first; });
  if (found != k_words.end()) {
    return std::string{found->second};
  }
  return (action.ends_with('e') ? action.substr(0, action.size() - 1) : action) + "ing";
}

// Parts of a line, each with what it costs to leave it out.
struct Part {
  std::string text = {};
  std::string glue = {};  ///< before it, unless it comes first
};

std::string join(const std::vector<Part>& parts)
{
  std::string text;
  for (const auto& part : parts) {
    text += part.text.empty() ? "" : (text.empty() ? "" : part.glue) + part.text;
  }
  return text;
}

}  // namespace

std::string_view ellipsis(TerminalStyle style)
{
  return style.is_unicode ? "…" : "...";
}

std::string dim(std::string text, TerminalStyle style)
{
  return style.with_color ? fmt::format("\x1b[2m{}\x1b[0m", text) : text;
}

int text_room(std::string_view label, const LineStyle& style)
{
  return measure(label, true, true, style).text;
}

std::string render_line(Sign sign, std::string_view label, std::string_view text,
                        std::chrono::milliseconds elapsed, const LineStyle& style)
{
  const auto mark = ellipsis(style.terminal);
  const auto cells = measure(label, !text.empty(), elapsed.count() >= 0, style);
  auto body = pad_right(keep_end(label, cells.name, mark), std::min(style.label, cells.name));
  if (!text.empty() && cells.text > 3) {
    body += "  " + keep_front(text, cells.text, mark);
  }
  if (cells.time > 0) {
    body = pad_right(std::move(body), cells.left);
    body += dim(fmt::format("{:>{}}", format_duration(elapsed), cells.time), style.terminal);
  } else {
    body.erase(body.find_last_not_of(' ') + 1);
  }
  if (cells.left <= 0) {
    return keep_front(" " + render_sign(sign, {.is_unicode = style.terminal.is_unicode}),
                      style.columns, "");
  }
  return " " + render_sign(sign, style.terminal) + " " + body;
}

std::string render_progress(const StepView& step, int room, ViewTime now, TerminalStyle style)
{
  auto state =
      one_line(step.waits_for.empty() ? doing(step.action) : step.waits_for, style.is_unicode);
  if (step.total == 0) {
    return state;
  }
  const auto amount = one_line(render_amount(step), style.is_unicode);
  const bool says_it = state.starts_with(fmt::format("{}/{}", step.current, step.total));
  const auto rate = step.rate.per_second(now);
  const auto left = step.rate.time_left(now);
  std::vector<Part> parts{
      {.text = render_bar(step, k_bar, style)},
      {.text = says_it ? state : amount, .glue = " "},
      {.text = rate ? render_rate(step, *rate) : std::string{}, .glue = ", "},
      {.text = left ? format_duration(*left) + " left" : std::string{}, .glue = ", "},
      {.text = says_it ? std::string{} : state, .glue = "  "}};
  const auto fits = [&] { return display_width(join(parts)) <= room; };
  if (!fits()) {
    parts[0].text = render_bar(step, k_short_bar, style);
  }
  // Left out one after the other: the rate, the state, the bar, the time left.
  for (const std::size_t part : {2U, 4U, 0U, 3U}) {
    if (!fits()) {
      parts[part].text.clear();
    }
  }
  return join(parts);
}

std::string render_trail(std::string_view text, const LineStyle& style)
{
  // No character has more than four bytes, and few have no width: more than that is never seen.
  const auto most = static_cast<std::size_t>(style.columns) * 8;
  const auto line = "     | " + one_line(text.substr(0, most), style.terminal.is_unicode);
  return dim(keep_front(line, style.columns, ellipsis(style.terminal)), style.terminal);
}

}  // namespace pecanctl::cli::output
