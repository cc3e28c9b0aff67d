// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/display_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr std::array k_zero_width{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},  Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x06D6, 0x06DC}, Range{0x0900, 0x0902},  Range{0x093C, 0x093C},
    Range{0x0941, 0x0948}, Range{0x094D, 0x094D}, Range{0x0E31, 0x0E31},  Range{0x0E34, 0x0E3A},
    Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},  Range{0x200B, 0x200F},
    Range{0x202A, 0x202E}, Range{0x2060, 0x2064}, Range{0x20D0, 0x20FF},  Range{0xFE00, 0xFE0F},
    Range{0xFE20, 0xFE2F}, Range{0xFEFF, 0xFEFF}, Range{0xE0100, 0xE01EF}};

constexpr std::array k_double_width{
    Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23EC},   Range{0x23F0, 0x23F0},   Range{0x23F3, 0x23F3},
    Range{0x25FD, 0x25FE},   Range{0x2614, 0x2615},   Range{0x2648, 0x2653},
    Range{0x267F, 0x267F},   Range{0x2693, 0x2693},   Range{0x26A1, 0x26A1},
    Range{0x26AA, 0x26AB},   Range{0x26BD, 0x26BE},   Range{0x26C4, 0x26C5},
    Range{0x26CE, 0x26CE},   Range{0x26D4, 0x26D4},   Range{0x26EA, 0x26EA},
    Range{0x26F2, 0x26F3},   Range{0x26F5, 0x26F5},   Range{0x26FA, 0x26FA},
    Range{0x26FD, 0x26FD},   Range{0x2705, 0x2705},   Range{0x270A, 0x270B},
    Range{0x2728, 0x2728},   Range{0x274C, 0x274C},   Range{0x274E, 0x274E},
    Range{0x2753, 0x2755},   Range{0x2757, 0x2757},   Range{0x2795, 0x2797},
    Range{0x27B0, 0x27B0},   Range{0x27BF, 0x27BF},   Range{0x2B1B, 0x2B1C},
    Range{0x2B50, 0x2B50},   Range{0x2B55, 0x2B55},   Range{0x2E80, 0x303E},
    Range{0x3041, 0x4DBF},   Range{0x4E00, 0xA4CF},   Range{0xA960, 0xA97F},
    Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},   Range{0xFE10, 0xFE19},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x16FE0, 0x18AFF}, Range{0x1B000, 0x1B2FF}, Range{0x1F004, 0x1F004},
    Range{0x1F0CF, 0x1F0CF}, Range{0x1F18E, 0x1F18E}, Range{0x1F191, 0x1F19A},
    Range{0x1F200, 0x1F320}, Range{0x1F32D, 0x1F335}, Range{0x1F337, 0x1F37C},
    Range{0x1F37E, 0x1F393}, Range{0x1F3A0, 0x1F3CA}, Range{0x1F3CF, 0x1F3D3},
    Range{0x1F3E0, 0x1F3F0}, Range{0x1F3F4, 0x1F3F4}, Range{0x1F3F8, 0x1F43E},
    Range{0x1F440, 0x1F440}, Range{0x1F442, 0x1F4FC}, Range{0x1F4FF, 0x1F53D},
    Range{0x1F54B, 0x1F54E}, Range{0x1F550, 0x1F567}, Range{0x1F57A, 0x1F57A},
    Range{0x1F595, 0x1F596}, Range{0x1F5A4, 0x1F5A4}, Range{0x1F5FB, 0x1F64F},
    Range{0x1F680, 0x1F6C5}, Range{0x1F6CC, 0x1F6CC}, Range{0x1F6D0, 0x1F6D2},
    Range{0x1F6D5, 0x1F6D7}, Range{0x1F6DD, 0x1F6DF}, Range{0x1F6EB, 0x1F6EC},
    Range{0x1F6F4, 0x1F6FC}, Range{0x1F7E0, 0x1F7EB}, Range{0x1F90C, 0x1F93A},
    Range{0x1F93C, 0x1F945}, Range{0x1F947, 0x1F9FF}, Range{0x1FA70, 0x1FAFF},
    Range{0x20000, 0x2FFFD}, Range{0x30000, 0x3FFFD}};

template <typename Ranges>
bool is_in(const Ranges& ranges, std::uint32_t letter)
{
  const auto* const after = std::ranges::upper_bound(ranges, letter, {}, &Range::first);
  return after != ranges.begin() && letter <= std::prev(after)->last;
}

std::size_t length_by_lead(char lead)
{
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// The next character and its bytes. `text` is not empty.
struct Letter {
  std::string_view bytes;
  int cells;
};

Letter next_letter(std::string_view text)
{
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    return {text.substr(0, 1), 1};
  }
  const auto bytes = text.substr(0, length_by_lead(text.front()));
  std::uint32_t value = bytes.size() == 2 ? lead & 0x1FU : lead & (bytes.size() == 3 ? 0x0FU : 7U);
  for (const char byte : bytes.substr(1)) {
    value = (value << 6U) | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  return {bytes, is_in(k_zero_width, value) ? 0 : is_in(k_double_width, value) ? 2 : 1};
}

// Printable ASCII: nearly all there is, in every frame.
bool is_plain(std::string_view text)
{
  const auto* const end = text.data() + text.size();
  return std::find_if(text.data(), end, [](char c) { return c < ' ' || c == '\x7f'; }) == end;
}

// Bytes at the front of `text` that fit into `cells`.
std::size_t fitting(std::string_view text, int cells)
{
  if (is_plain(text)) {
    return std::min(text.size(), static_cast<std::size_t>(std::max(cells, 0)));
  }
  std::size_t length = 0;
  while (length < text.size()) {
    const auto letter = next_letter(text.substr(length));
    cells -= letter.cells;
    if (cells < 0) {
      break;
    }
    length += letter.bytes.size();
  }
  return length;
}

}  // namespace

int display_width(std::string_view text)
{
  if (is_plain(text)) {
    return static_cast<int>(text.size());
  }
  int cells = 0;
  while (!text.empty()) {
    const auto letter = next_letter(text);
    cells += letter.cells;
    text.remove_prefix(letter.bytes.size());
  }
  return cells;
}

std::string one_line(std::string_view text, bool is_unicode)
{
  if (is_plain(text)) {
    return std::string{text};
  }
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const auto bytes = text.substr(0, length_by_lead(text.front()));
    text.remove_prefix(bytes.size());
    if (byte == '\n' || byte == '\t') {
      result += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else if (byte < 0x80) {
      result += bytes;
    } else if (is_valid_utf8(bytes)) {
      result += is_unicode ? escape_control(bytes) : std::string{"?"};
    } else {
      result += '?';
      // What follows a broken lead may be fine.
      text = std::string_view{bytes.data() + 1, bytes.size() - 1 + text.size()};
    }
  }
  return result;
}

std::string keep_front(std::string_view text, int cells, std::string_view mark)
{
  if (display_width(text) <= cells) {
    return std::string{text};
  }
  const auto room = cells - display_width(mark);
  return room < 0 ? std::string{text.substr(0, fitting(text, std::max(cells, 0)))}
                  : std::string{text.substr(0, fitting(text, room))} + std::string{mark};
}

std::string keep_end(std::string_view text, int cells, std::string_view mark)
{
  auto width = display_width(text);
  if (width <= cells) {
    return std::string{text};
  }
  const bool has_mark = cells >= display_width(mark);
  const auto room = std::max(has_mark ? cells - display_width(mark) : cells, 0);
  while (width > room && !text.empty()) {
    const auto letter = next_letter(text);
    width -= letter.cells;
    text.remove_prefix(letter.bytes.size());
  }
  return (has_mark ? std::string{mark} : std::string{}) + std::string{text};
}

std::string with_ascii_signs(std::string text)
{
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> k_signs{{{"✔", "ok"},
                                                                                  {"✘", "FAIL"},
                                                                                  {"·", "."},
                                                                                  {"…", "..."},
                                                                                  {"→", "->"},
                                                                                  {"×", "x"},
                                                                                  {"‹", "<"},
                                                                                  {"›", ">"}}};
  for (const auto& [sign, ascii] : k_signs) {
    for (auto at = text.find(sign); at != std::string::npos; at = text.find(sign, at)) {
      text.replace(at, sign.size(), ascii);
    }
  }
  return text;
}

std::string pad_right(std::string text, int cells)
{
  const auto missing = cells - display_width(text);
  return missing > 0 ? text.append(static_cast<std::size_t>(missing), ' ') : text;
}

std::vector<std::string> wrap_text(std::string_view text, int cells, int indent)
{
  const auto width = std::max(cells, indent + 1);
  std::vector<std::string> lines;
  std::string prefix;
  for (;;) {
    const auto room = width - static_cast<int>(prefix.size());
    auto end = fitting(text, room);
    if (end == text.size()) {
      lines.push_back(prefix + std::string{text});
      return lines;
    }
    const auto blank = text.substr(0, end + 1).rfind(' ');
    const bool has_blank = blank != std::string_view::npos && blank > 0;
    end = has_blank ? blank : std::max<std::size_t>(end, next_letter(text).bytes.size());
    lines.push_back(prefix + std::string{text.substr(0, end)});
    text.remove_prefix(end + (has_blank ? 1 : 0));
    prefix.assign(static_cast<std::size_t>(indent), ' ');
  }
}

}  // namespace pecanctl::cli::output
