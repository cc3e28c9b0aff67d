// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/arrays/pattern.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::arrays {
namespace {

// Text, and what is in braces after it.
struct Piece {
  std::string_view text = {};
  std::string_view name = {};
  bool has_name = false;
};

std::vector<Piece> cut(std::string_view text)
{
  std::vector<Piece> pieces;
  std::size_t start = 0;
  for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{', start)) {
    const auto close = text.find_first_of("{}\n", open + 1);
    if (close == std::string_view::npos || text[close] != '}') {
      // No placeholder: the brace is text.
      const auto next = open + 1;
      pieces.push_back({.text = text.substr(start, next - start)});
      start = next;
      continue;
    }
    pieces.push_back({.text = text.substr(start, open - start),
                      .name = text.substr(open + 1, close - open - 1),
                      .has_name = true});
    start = close + 1;
  }
  pieces.push_back({.text = text.substr(start)});
  return pieces;
}

constexpr std::string_view k_number = "#";

// What {name} means in a row; nothing when it is no column.
std::optional<std::string> value_of(std::string_view name, const Table& table, std::size_t row)
{
  if (name == k_number) {
    return std::to_string(row + 1);
  }
  const auto column = table.find_column(name);
  return column ? std::optional<std::string>{table.cell(row, *column)} : std::nullopt;
}

void check_columns(std::span<const std::string> words, const Table& table)
{
  for (const auto& word : words) {
    for (const auto& piece : cut(word)) {
      if (piece.has_name && piece.name != k_number && !table.find_column(piece.name)) {
        throw Error{{.code = ErrorCode::usage,
                     .what = fmt::format("cannot understand {}", word),
                     .why = fmt::format("'{}' is no column of {}, which has {}", piece.name,
                                        table.name(), fmt::join(table.columns(), ", ")),
                     .hint = did_you_mean(piece.name, table.columns())}};
      }
    }
  }
}

std::string render(const std::vector<Piece>& pieces, const Table& table, std::size_t row)
{
  std::string word;
  for (const auto& piece : pieces) {
    word += piece.text;
    const auto value = piece.has_name ? value_of(piece.name, table, row) : std::string{};
    if (piece.has_name && value->empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot name the folder of a job",
                   .why = fmt::format("{}:{}: the column '{}' is empty", table.name(),
                                      table.line(row), piece.name),
                   .hint = "give every row a value there, or leave the row out"}};
    }
    word += *value;
  }
  return word;
}

}  // namespace

Expansion expand_words(std::span<const std::string> words, const Table& table)
{
  check_columns(words, table);
  std::vector<std::vector<Piece>> patterns;
  patterns.reserve(words.size());
  for (const auto& word : words) {
    patterns.push_back(cut(word));
  }
  Expansion expansion;
  expansion.folders.reserve(table.size() * words.size());
  std::vector<std::size_t> seen;  // digests: sets of so many words are large
  seen.reserve(table.size() * words.size());
  for (std::uint32_t row = 0; row < table.size(); ++row) {
    for (const auto& pattern : patterns) {
      expansion.folders.push_back({.word = render(pattern, table, row), .row = row});
      seen.push_back(std::hash<std::string>{}(expansion.folders.back().word));
    }
  }
  std::ranges::sort(seen);
  const auto single = std::unique(seen.begin(), seen.end());
  expansion.repeated = static_cast<std::size_t>(seen.end() - single);
  return expansion;
}

std::string fill_in(std::string_view text, const Table& table, std::size_t row)
{
  std::string filled;
  for (const auto& piece : cut(text)) {
    filled += piece.text;
    if (piece.has_name) {
      const bool is_shells = filled.ends_with('$');  // ${name} is a variable of the shell
      const auto value = is_shells ? std::nullopt : value_of(piece.name, table, row);
      filled += value ? *value : fmt::format("{{{}}}", piece.name);
    }
  }
  return filled;
}

}  // namespace pecanctl::arrays
