// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/doctor_view.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using inspection::Examined;
using inspection::Verdict;

constexpr std::size_t k_indent = 19;  // where findings begin

std::string mark_of(Verdict verdict, const DoctorStyle& style)
{
  constexpr std::array<std::string_view, 4> k_signs{"✔", "!", "✘", "-"};
  constexpr std::array<std::string_view, 4> k_words{"ok  ", "!   ", "FAIL", "-   "};
  constexpr std::array<std::string_view, 4> k_colors{"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m"};
  const auto index = static_cast<std::size_t>(verdict);
  const auto sign = style.has_unicode ? k_signs.at(index) : k_words.at(index);
  return style.has_color ? fmt::format("{}{}\x1b[0m", k_colors.at(index), sign) : std::string{sign};
}

// `text` in lines of at most `width` letters, broken between words; a longer word stays whole.
std::vector<std::string> wrap(const std::string& text, std::size_t width)
{
  std::vector<std::string> lines{""};
  for (const auto& word : split(text, ' ')) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) {
      lines.emplace_back();
    }
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  return lines;
}

std::size_t count(const std::vector<Examined>& results, Verdict verdict)
{
  return static_cast<std::size_t>(std::ranges::count(
      results, verdict, [](const Examined& result) { return result.finding.verdict; }));
}

// One line of text, whatever was in it.
std::string flatten_lines(std::string_view text)
{
  auto line = escape_control(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

std::vector<std::string> render_examined(const Examined& result, const DoctorStyle& style)
{
  const auto columns = static_cast<std::size_t>(std::max(style.columns, 0));
  const auto width =
      columns == 0 ? std::string::npos : std::max<std::size_t>(columns, 40) - k_indent - 1;
  std::vector<std::string> lines;
  const auto finding = wrap(flatten_lines(result.finding.text), width);
  lines.push_back(fmt::format("{} {} {:<11} {}", mark_of(result.finding.verdict, style),
                              result.check->code, result.check->name, finding.front()));
  for (std::size_t i = 1; i < finding.size(); ++i) {
    lines.push_back(std::string(k_indent, ' ') + finding[i]);
  }
  const bool has_fix = !result.finding.fix.empty() && (result.finding.verdict == Verdict::bad ||
                                                       result.finding.verdict == Verdict::warning);
  if (has_fix) {
    const auto fix = wrap("fix: " + flatten_lines(result.finding.fix), width);
    for (const auto& line : fix) {
      lines.push_back(std::string(k_indent, ' ') + line);
    }
  }
  return lines;
}

std::string summarize(const std::vector<Examined>& results)
{
  auto text = fmt::format("{} checks: {} ok", results.size(), count(results, Verdict::good));
  for (const auto& [verdict, name] :
       {std::pair{Verdict::warning, "warnings"}, std::pair{Verdict::bad, "failed"},
        std::pair{Verdict::skipped, "skipped"}}) {
    if (const auto number = count(results, verdict); number > 0) {
      text += fmt::format(", {} {}", number, name);
    }
  }
  return text;
}

nlohmann::json to_json(const std::vector<Examined>& results)
{
  auto checks = nlohmann::json::array();
  for (const auto& result : results) {
    checks.push_back({{"code", result.check->code},
                      {"name", result.check->name},
                      {"title", result.check->title},
                      {"state", to_string(result.finding.verdict)},
                      {"finding", result.finding.text},
                      {"fix", result.finding.fix},
                      {"elapsed_ms", result.elapsed.count()}});
  }
  return {{"ok", count(results, Verdict::bad) == 0},
          {"failed", count(results, Verdict::bad)},
          {"warnings", count(results, Verdict::warning)},
          {"skipped", count(results, Verdict::skipped)},
          {"checks", checks}};
}

}  // namespace pecanctl::cli
