// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/manifest.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::tasks {
namespace {

constexpr std::string_view k_first = "pecan-task 1";
constexpr std::size_t k_digits = 64;

template <typename Number>
bool read_number(std::string_view text, Number& number)
{
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_flag(std::string_view text, bool& flag)
{
  flag = text == "1";
  return flag || text == "0";
}

bool is_digest(std::string_view text)
{
  return text.size() == k_digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A name that stays below its folder.
bool is_inside(std::string_view name)
{
  return !name.empty() && std::ranges::none_of(split(name, '/'), [](const auto& part) {
    return part.empty() || part == "." || part == "..";
  });
}

// "SIZE SHA256 NAME".
std::optional<ListedFile> parse_file(std::string_view text)
{
  ListedFile file;
  const auto first = text.find(' ');
  const auto second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos || !read_number(text.substr(0, first), file.size)) {
    return std::nullopt;
  }
  file.sha256 = text.substr(first + 1, second - first - 1);
  file.name = text.substr(second + 1);
  return is_digest(file.sha256) && is_inside(file.name) ? std::optional{file} : std::nullopt;
}

bool read_state(std::string_view text, Report::State& state)
{
  state = text == "ok"         ? Report::State::ok
          : text == "declined" ? Report::State::declined
                               : Report::State::failed;
  return text == "ok" || text == "declined" || text == "failed";
}

// Returns whether the line is one.
bool read_line(std::string_view key, std::string_view value, Report& report)
{
  if (key == "file") {
    auto file = parse_file(value);
    if (file) {
      report.files.push_back(std::move(*file));
    }
    return file.has_value();
  }
  if (key == "step" || key == "worker") {
    (key == "step" ? report.step : report.worker) = value;
    return !value.empty();
  }
  return key == "state"    ? read_state(value, report.state)
         : key == "exit"   ? read_number(value, report.exit)
         : key == "signal" ? read_number(value, report.signal)
         : key == "oom"    ? read_flag(value, report.is_out_of_memory)
         : key == "late"   ? read_flag(value, report.is_late)
                           : key == "seconds" && read_number(value, report.seconds);
}

}  // namespace

std::string render_list(std::span<const ListedFile> files)
{
  std::string text;
  for (const auto& file : files) {
    text += fmt::format("file {} {} {}\n", file.size, file.sha256, file.name);
  }
  return text;
}

std::optional<Report> parse_report(std::string_view text)
{
  constexpr std::string_view k_last = "\nend\n";
  constexpr std::size_t k_keys = 8;
  if (!text.starts_with(k_first) || !text.ends_with(k_last)) {
    return std::nullopt;
  }
  const auto lines = split(text.substr(0, text.size() - k_last.size()), '\n');
  Report report;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos ||
        !read_line(line.substr(0, blank), line.substr(blank + 1), report)) {
      return std::nullopt;
    }
  }
  const bool is_whole = lines.size() > k_keys && lines.front() == k_first;
  return is_whole ? std::optional{report} : std::nullopt;
}

std::string describe_end(const Report& report)
{
  if (report.step == "input" || report.step == "output" || report.step == "worker") {
    return report.step == "input"    ? "its input is not what its manifest says"
           : report.step == "output" ? "it left no output"
                                     : "its workers died";
  }
  auto text = report.signal != 0
                  ? fmt::format("{} ended by signal {}", report.step, report.signal)
                  : fmt::format("{} ended with exit status {}", report.step, report.exit);
  text += report.is_out_of_memory ? ", out of memory" : "";
  text += report.is_late ? ", longer than its timeout" : "";
  return text;
}

}  // namespace pecanctl::tasks
