// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <ctime>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace pecanctl {
namespace {

std::string lower(std::string_view text)
{
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return result;
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b)
{
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

struct Amount {
  double value;
  std::string_view unit;
  std::string_view rest;
};

// A number and the letters behind it, from the front of `text`.
std::optional<Amount> take_amount(std::string_view text)
{
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (error != std::errc{} || value < 0) {
    return std::nullopt;
  }
  const auto rest = text.substr(static_cast<std::size_t>(stop - text.data()));
  const auto letters =
      std::ranges::find_if(rest, [](unsigned char c) { return std::isalpha(c) == 0; });
  const auto unit = rest.substr(0, static_cast<std::size_t>(letters - rest.begin()));
  return Amount{value, unit, rest.substr(unit.size())};
}

bool is_continuation(unsigned char byte)
{
  return (byte & 0xC0U) == 0x80U;
}

// Bytes of the valid UTF-8 sequence at the front of `text`; 0 when there is none. Source: RFC 3629.
std::size_t utf8_length(std::string_view text)
{
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at(i))) {
      return 0;
    }
  }
  const bool is_overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool is_outside = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
  return is_overlong || is_outside ? 0 : length;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator)
{
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text)
{
  constexpr std::string_view k_blank = " \t\r\n\f\v";
  const auto begin = text.find_first_not_of(k_blank);
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(k_blank) - begin + 1);
}

bool is_valid_utf8(std::string_view text)
{
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> closest_match(std::string_view word,
                                         std::span<const std::string> candidates)
{
  constexpr std::size_t k_longest =
      64;  // the table below grows with the word; nobody mistypes more
  if (word.size() > k_longest) {
    return std::nullopt;
  }
  const auto wanted = lower(word);
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates)
{
  const auto match = closest_match(word, candidates);
  return match ? fmt::format("did you mean `{}`?", *match) : std::string{};
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
  constexpr std::array<std::pair<std::string_view, double>, 10> k_units{{{"", 1},
                                                                         {"B", 1},
                                                                         {"KB", 1e3},
                                                                         {"MB", 1e6},
                                                                         {"GB", 1e9},
                                                                         {"TB", 1e12},
                                                                         {"KiB", 0x1p10},
                                                                         {"MiB", 0x1p20},
                                                                         {"GiB", 0x1p30},
                                                                         {"TiB", 0x1p40}}};
  const auto amount = take_amount(trim(text));
  if (!amount || !amount->rest.empty()) {
    return std::nullopt;
  }
  const auto unit =
      std::ranges::find(k_units, amount->unit, &std::pair<std::string_view, double>::first);
  if (unit == k_units.end() || amount->value * unit->second > 0x1p60) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(amount->value * unit->second);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
  constexpr std::array<std::pair<std::string_view, double>, 5> k_units{
      {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};
  text = trim(text);
  if (text.empty()) {
    return std::nullopt;
  }
  double total = 0;
  while (!text.empty()) {
    const auto amount = take_amount(text);
    if (!amount) {
      return std::nullopt;
    }
    const auto unit =
        std::ranges::find(k_units, amount->unit, &std::pair<std::string_view, double>::first);
    if (unit == k_units.end() || amount->value > 1e9) {
      return std::nullopt;
    }
    total += amount->value * unit->second;
    text = amount->rest;
  }
  return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(total)};
}

std::string format_size(std::uint64_t bytes)
{
  constexpr std::array<std::string_view, 5> k_units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < k_units.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, k_units.at(unit));
}

std::string format_duration(std::chrono::milliseconds duration)
{
  const auto ms = duration.count();
  if (ms < 1000) {
    return fmt::format("{}ms", ms);
  }
  if (ms < 60'000) {
    return fmt::format("{:.1f}s", static_cast<double>(ms) / 1000);
  }
  const auto seconds = ms / 1000;
  if (seconds < 3600) {
    return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  }
  return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
}

std::string format_time(std::chrono::system_clock::time_point time)
{
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string percent_encode(std::string_view text)
{
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_plain = byte < 0x80 && (std::isalnum(byte) != 0 || letter == '-' ||
                                          letter == '.' || letter == '_' || letter == '~');
    result += is_plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return result;
}

std::optional<std::string> percent_decode(std::string_view text)
{
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned char byte = 0;
    const auto hex = text.substr(1, 2);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    if (error != std::errc{} || end != hex.data() + 2) {
      return std::nullopt;
    }
    decoded += static_cast<char>(byte);
    text.remove_prefix(3);
  }
  return decoded;
}

std::string escape_control(std::string_view text)
{
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if ((byte < 0x20 && text[i] != '\n' && text[i] != '\t') || byte == 0x7f) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
    } else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", next);  // U+009B is CSI to some
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

}  // namespace pecanctl
