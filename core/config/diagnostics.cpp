// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/diagnostics.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::config {
namespace {

bool starts_character(char byte)
{
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

// The byte at which the character of this column starts.
std::size_t byte_of(std::string_view line, int column)
{
  int seen = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    seen += starts_character(line[i]) ? 1 : 0;
    if (seen == column) {
      return i;
    }
  }
  return line.size();
}

// As shown under a message; a line that no terminal shows well is left out.
std::string excerpt(std::string_view line)
{
  constexpr std::size_t k_longest = 400;
  return line.size() > k_longest || !is_valid_utf8(line) ? std::string{} : escape_control(line);
}

// A name in a message may be as long as the file.
std::string shorten(std::string_view text)
{
  constexpr std::size_t k_longest = 400;
  if (text.size() <= k_longest) {
    return escape_control(text);
  }
  auto end = k_longest;
  while (end > 0 && !starts_character(text[end])) {
    --end;
  }
  return escape_control(text.substr(0, end)) + "…";
}

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string_view text)
    : file_{std::move(file)},
      text_{text}
{
}

std::string_view Diagnostics::line_text(int line) const
{
  std::string_view rest = text_;
  for (int number = 1; number < line && !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  const auto text = line < 1 ? std::string_view{} : rest.substr(0, rest.find('\n'));
  return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

void Diagnostics::add(Position at, std::string message, std::string hint)
{
  if (++count_ > k_shown) {
    return;
  }
  found_.push_back({.file = file_,
                    .line = at.line,
                    .column = at.column,
                    .message = shorten(message),
                    .hint = shorten(hint),
                    .excerpt = excerpt(line_text(at.line))});
}

Position Diagnostics::find_in_line(Position start, std::string_view needle) const
{
  if (is_full()) {
    return start;
  }
  const auto line = line_text(start.line);
  const auto from = byte_of(line, start.column);
  const auto at = line.find(needle, from);
  if (at == std::string_view::npos) {
    return start;
  }
  const auto between = line.substr(from, at - from);
  return {start.line,
          start.column + static_cast<int>(std::ranges::count_if(between, starts_character))};
}

void Diagnostics::throw_if_any() const
{
  if (count_ > 0) {
    throw_all();
  }
}

void Diagnostics::throw_all() const
{
  auto sorted = found_;
  std::ranges::stable_sort(sorted, {}, [](const Diagnostic& one) {
    return std::tuple{one.line, one.column};
  });
  auto why = count_ == 1 ? std::string{"1 mistake"} : fmt::format("{} mistakes", count_);
  if (count_ > k_shown) {
    why += fmt::format(", {} of them shown", k_shown);
  }
  throw Error{{.code = ErrorCode::invalid,
               .what = fmt::format("cannot use {}", file_),
               .why = std::move(why),
               .diagnostics = std::move(sorted)}};
}

}  // namespace pecanctl::config
