// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/arrays/table.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::arrays {
namespace {

constexpr std::size_t k_most_mistakes = 20;
constexpr std::size_t k_most_rows = 1'000'000;
constexpr std::string_view k_byte_order_mark = "\xEF\xBB\xBF";

char choose_separator(std::string_view text, std::string_view name)
{
  if (name.ends_with(".csv") || name.ends_with(".CSV")) {
    return ',';
  }
  if (name.ends_with(".tsv") || name.ends_with(".tab") || name.ends_with(".TSV")) {
    return '\t';
  }
  return text.substr(0, text.find('\n')).find('\t') == std::string_view::npos ? ',' : '\t';
}

// Where the reader is. A field may hold line ends.
struct Place {
  std::size_t at = 0;
  std::uint32_t line = 1;
  std::size_t line_start = 0;
};

struct Field {
  std::string text = {};
  Place begin = {};
};

class TableReader {
 public:
  TableReader(std::string_view text, std::string_view name)
      : text_{text},
        name_{name},
        separator_{choose_separator(text, name)}
  {
  }

  Table read()
  {
    if (!is_valid_utf8(text_)) {
      mistake({}, "it is not UTF-8", "save it as UTF-8");
      finish();
    }
    skip_blank_lines();
    if (is_at_end()) {
      mistake(place_, "it has no header", "its first line names the columns");
      finish();
    }
    Table table{std::string{name_}, read_header()};
    for (skip_blank_lines(); !is_at_end() && mistakes_.size() < k_most_mistakes;
         skip_blank_lines()) {
      read_row(table);
    }
    finish();
    return table;
  }

 private:
  bool is_at_end() const { return place_.at >= text_.size(); }

  bool is_at(std::string_view token) const { return text_.substr(place_.at).starts_with(token); }

  bool is_at_line_end() const { return is_at_end() || is_at("\n") || is_at("\r\n"); }

  void skip_line_end()
  {
    place_.at += is_at("\r\n") ? 2U : is_at("\n") ? 1U : 0U;
    ++place_.line;
    place_.line_start = place_.at;
  }

  void skip_blank_lines()
  {
    while (!is_at_end() && is_at_line_end()) {
      skip_line_end();
    }
  }

  std::vector<std::string> read_header()
  {
    std::vector<std::string> columns;
    for (auto& field : read_fields()) {
      const std::string name{trim(field.text)};
      if (name.empty() || name == "#" || name.find_first_of("{}/") != std::string::npos) {
        mistake(field.begin, fmt::format("'{}' cannot be the name of a column", name),
                "name it by letters and digits, so that {name} means it");
      } else if (std::ranges::find(columns, name) != columns.end()) {
        mistake(field.begin, fmt::format("there are two columns '{}'", name));
      }
      columns.push_back(name);
    }
    return columns;
  }

  void read_row(Table& table)
  {
    const auto begin = place_;
    const auto fields = read_fields();
    const auto wanted = table.columns().size();
    if (fields.size() != wanted) {
      mistake(fields.size() > wanted ? fields[wanted].begin : begin,
              fmt::format("the row has {} fields, and the header {}", fields.size(), wanted),
              separator_ == ',' ? "a value with a comma stands in double quotes" : "");
      return;
    }
    std::vector<std::string_view> cells;
    cells.reserve(fields.size());
    for (const auto& field : fields) {
      cells.push_back(field.text);
    }
    table.add(cells, begin.line);
  }

  std::vector<Field> read_fields()
  {
    std::vector<Field> fields;
    for (;;) {
      fields.push_back(is_at("\"") ? read_quoted() : read_plain());
      if (is_at_line_end()) {
        break;
      }
      ++place_.at;  // the separator
    }
    if (!is_at_end()) {
      skip_line_end();
    }
    return fields;
  }

  bool is_at_field_end() const { return is_at_line_end() || text_[place_.at] == separator_; }

  Field read_plain()
  {
    Field field{.begin = place_};
    while (!is_at_field_end()) {
      if (is_at("\"")) {
        mistake(place_, "a quotation mark in the middle of a field",
                "put the whole field in double quotes, and write \"\" for one");
        skip_to_field_end();
        break;
      }
      field.text += text_[place_.at++];
    }
    return field;
  }

  Field read_quoted()
  {
    Field field{.begin = place_};
    ++place_.at;
    while (!is_at_end() && (!is_at("\"") || is_at("\"\""))) {
      place_.at += is_at("\"") ? 1U : 0U;
      if (is_at("\n")) {
        ++place_.line;
        place_.line_start = place_.at + 1;
      }
      field.text += text_[place_.at++];
    }
    if (is_at_end()) {
      mistake(field.begin, "the quotation mark is never closed");
      return field;
    }
    ++place_.at;
    if (!is_at_field_end()) {
      mistake(place_, "text after the closing quotation mark");
      skip_to_field_end();
    }
    return field;
  }

  void skip_to_field_end()
  {
    while (!is_at_field_end()) {
      ++place_.at;
    }
  }

  void mistake(const Place& place, std::string message, std::string hint = {})
  {
    const auto end = text_.find_first_of("\r\n", place.line_start);
    const auto line = text_.substr(place.line_start, end - place.line_start);
    mistakes_.push_back({.file = std::string{name_},
                         .line = static_cast<int>(place.line),
                         .column = static_cast<int>(place.at - place.line_start + 1),
                         .message = std::move(message),
                         .hint = std::move(hint),
                         .excerpt = is_valid_utf8(line) ? std::string{line} : ""});
  }

  void finish()
  {
    if (!mistakes_.empty()) {
      const auto& first = mistakes_.front();
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot read the table {}", name_),
                   .why = fmt::format("line {}: {}", first.line, first.message),
                   .hint = first.hint,
                   .diagnostics = std::move(mistakes_)}};
    }
  }

  std::string_view text_;
  std::string_view name_;
  char separator_;
  Place place_ = {};
  std::vector<Diagnostic> mistakes_;
};

Error bad_flag(std::string what, std::string why, std::string hint = {})
{
  return Error{{.code = ErrorCode::usage,
                .what = std::move(what),
                .why = std::move(why),
                .hint = std::move(hint)}};
}

}  // namespace

void Table::add(const std::vector<std::string_view>& cells, std::uint32_t line)
{
  for (const auto cell : cells) {
    text_ += cell;
    ends_.push_back(text_.size());
  }
  lines_.push_back(line);
}

std::string_view Table::cell(std::size_t row, std::size_t column) const
{
  const auto index = row * columns_.size() + column;
  const auto begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view{text_}.substr(begin, ends_[index] - begin);
}

std::optional<std::size_t> Table::find_column(std::string_view name) const
{
  const auto found = std::ranges::find(columns_, name);
  return found == columns_.end()
             ? std::nullopt
             : std::optional{static_cast<std::size_t>(found - columns_.begin())};
}

Table parse_table(std::string_view text, std::string_view name)
{
  if (text.starts_with(k_byte_order_mark)) {
    text.remove_prefix(k_byte_order_mark.size());
  }
  return TableReader{text, name}.read();
}

Table parse_axis(std::string_view text)
{
  constexpr const char* k_form = "write --matrix NAME=VALUE,VALUE,...";
  const auto what = fmt::format("cannot understand --matrix {}", text);
  const auto equals = text.find('=');
  const auto name = trim(text.substr(0, equals));
  if (equals == std::string_view::npos || name.empty()) {
    throw bad_flag(what, "it names no column", k_form);
  }
  if (name == "#" || name.find_first_of("{}/") != std::string_view::npos) {
    throw bad_flag(what, fmt::format("'{}' cannot be the name of a column", name), k_form);
  }
  Table table{"--matrix", {std::string{name}}};
  for (const auto& value : split(text.substr(equals + 1), ',')) {
    if (value.empty()) {
      throw bad_flag(what, "one of its values is empty", k_form);
    }
    table.add({value}, 0);
  }
  return table;
}

Table multiply(const Table& left, const Table& right)
{
  auto columns = left.columns();
  for (const auto& column : right.columns()) {
    if (left.find_column(column)) {
      throw bad_flag(
          "cannot combine the columns",
          fmt::format("{} and {} both have a column '{}'", left.name(), right.name(), column),
          "give one of them another name");
    }
    columns.push_back(column);
  }
  if (left.size() * right.size() > k_most_rows) {
    throw bad_flag("cannot make so many jobs",
                   fmt::format("the columns give {} rows; a run takes {}",
                               left.size() * right.size(), k_most_rows),
                   "submit it in parts");
  }
  Table product{left.name(), std::move(columns)};
  std::vector<std::string_view> cells;
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (std::size_t k = 0; k < right.size(); ++k) {
      cells.clear();
      for (std::size_t column = 0; column < left.columns().size(); ++column) {
        cells.push_back(left.cell(i, column));
      }
      for (std::size_t column = 0; column < right.columns().size(); ++column) {
        cells.push_back(right.cell(k, column));
      }
      product.add(cells, left.line(i));
    }
  }
  return product;
}

}  // namespace pecanctl::arrays
