// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/dialect.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::replication {
namespace {

constexpr char k_tab = '\t';
constexpr char k_quote = '"';
constexpr char k_escape = '\\';
constexpr std::string_view k_null = "\\N";
constexpr std::size_t k_longest_row = std::size_t{16} << 20U;

[[noreturn]] void refuse_row(std::uint64_t number, std::string_view why)
{
  throw Error{{.code = ErrorCode::invalid,
               .what = "cannot read the dump",
               .why = fmt::format("row {} {}", number, why)}};
}

bool needs_quotes(std::string_view value)
{
  return value == k_null || value.find_first_of("\t\"\n\r") != std::string_view::npos;
}

// Follows PostgreSQL's own reader: a quote may open anywhere in a field, and inside quotes the
// escape character only stands for itself or a quote.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view row) : row_{row} {}

  // The next field; tells whether there was one.
  bool next(std::string_view& raw)
  {
    if (at_ > row_.size()) {
      return false;
    }
    const auto begin = at_;
    bool is_quoted = false;
    for (; at_ < row_.size(); ++at_) {
      const char letter = row_[at_];
      if (is_quoted && letter == k_escape && at_ + 1 < row_.size() &&
          (row_[at_ + 1] == k_quote || row_[at_ + 1] == k_escape)) {
        ++at_;
      } else if (letter == k_quote) {
        is_quoted = !is_quoted;
      } else if (letter == k_tab && !is_quoted) {
        break;
      }
    }
    raw = row_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }

 private:
  std::string_view row_;
  std::size_t at_ = 0;
};

Field decode(std::string_view raw)
{
  if (raw == k_null) {
    return std::nullopt;
  }
  if (raw.find(k_quote) == std::string_view::npos) {
    return std::string{raw};
  }
  std::string value;
  bool is_quoted = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char letter = raw[i];
    if (is_quoted && letter == k_escape && i + 1 < raw.size() &&
        (raw[i + 1] == k_quote || raw[i + 1] == k_escape)) {
      value += raw[++i];
    } else if (letter == k_quote) {
      is_quoted = !is_quoted;
    } else {
      value += letter;
    }
  }
  return value;
}

}  // namespace

std::optional<RawRow> RowReader::next()
{
  ++number_;
  for (;;) {
    std::size_t fields = 0;
    if (const auto end = find_end(fields)) {
      const RawRow row{.text = std::string_view{buffer_}.substr(begin_, *end - begin_),
                       .fields = fields,
                       .number = number_};
      begin_ = *end + 1;
      return row;
    }
    if (buffer_.size() - begin_ > k_longest_row) {
      refuse_row(number_, "is longer than 16 MiB");
    }
    if (!refill()) {
      if (begin_ < buffer_.size()) {
        refuse_row(number_, "is cut off");
      }
      return std::nullopt;
    }
  }
}

// Where the row that begins at begin_ ends: its LF, when that is in the buffer.
std::optional<std::size_t> RowReader::find_end(std::size_t& fields)
{
  const auto newline = buffer_.find('\n', begin_);
  if (newline == std::string::npos) {
    return std::nullopt;
  }
  const auto line = std::string_view{buffer_}.substr(begin_, newline - begin_);
  if (line.find(k_quote) == std::string_view::npos) {
    fields = 1 + static_cast<std::size_t>(std::ranges::count(line, k_tab));
    return newline;
  }
  bool is_quoted = false;
  fields = 1;
  for (std::size_t i = begin_; i < buffer_.size(); ++i) {
    const char letter = buffer_[i];
    if (is_quoted && letter == k_escape) {
      if (i + 1 == buffer_.size()) {
        return std::nullopt;
      }
      i += buffer_[i + 1] == k_quote || buffer_[i + 1] == k_escape ? 1U : 0U;
    } else if (letter == k_quote) {
      is_quoted = !is_quoted;
    } else if (!is_quoted && letter == k_tab) {
      ++fields;
    } else if (!is_quoted && letter == '\n') {
      return i;
    }
  }
  return std::nullopt;
}

bool RowReader::refill()
{
  const auto block = is_over_ ? std::string_view{} : source_();
  is_over_ = block.empty();
  if (is_over_) {
    return false;
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += block;
  return true;
}

std::string_view raw_field(std::string_view row, std::size_t index)
{
  FieldScanner scanner{row};
  std::string_view raw;
  for (std::size_t i = 0; scanner.next(raw); ++i) {
    if (i == index) {
      return raw;
    }
  }
  return {};
}

std::vector<Field> parse_row(std::string_view row)
{
  std::vector<Field> values;
  FieldScanner scanner{row};
  for (std::string_view raw; scanner.next(raw);) {
    values.push_back(decode(raw));
  }
  return values;
}

void append_row(std::string& text, const std::vector<Field>& values)
{
  bool is_first = true;
  for (const auto& value : values) {
    if (!is_first) {
      text += k_tab;
    }
    is_first = false;
    if (!value) {
      text += k_null;
    } else if (!needs_quotes(*value)) {
      text += *value;
    } else {
      text += k_quote;
      for (const char letter : *value) {
        if (letter == k_quote || letter == k_escape) {
          text += k_escape;
        }
        text += letter;
      }
      text += k_quote;
    }
  }
}

}  // namespace pecanctl::replication
