// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace pecanctl::arrays {

/// Rows of text under named columns. The cells lie in one block: there may be 100 000 rows.
class Table {
 public:
  explicit Table(std::string name = {}, std::vector<std::string> columns = {})
      : name_{std::move(name)},
        columns_{std::move(columns)}
  {
  }

  /// Where it comes from: the name of a file, or "--matrix".
  const std::string& name() const { return name_; }

  const std::vector<std::string>& columns() const { return columns_; }

  std::size_t size() const { return lines_.size(); }

  /// As many cells as columns; `line` is where the row stands in its file.
  void add(const std::vector<std::string_view>& cells, std::uint32_t line);
  std::string_view cell(std::size_t row, std::size_t column) const;

  /// From 1; 0 when the row is in no file.
  std::uint32_t line(std::size_t row) const { return lines_[row]; }

  std::optional<std::size_t> find_column(std::string_view name) const;

 private:
  std::string name_;
  std::vector<std::string> columns_;
  std::string text_;
  std::vector<std::size_t> ends_;  // of the cells in `text_`
  std::vector<std::uint32_t> lines_;
};

/// Reads the table `text` of the file `name`: a header, then rows of as many fields. The fields of
/// *.csv are separated by commas, those of *.tsv by tabs; of another name the header tells. A field
/// may stand in double quotes, with "" for one of them (RFC 4180). Blank lines do not count.
/// @throws Error invalid with every mistake, by line and column (in bytes).
Table parse_table(std::string_view text, std::string_view name);

/// Reads "k=a,b,c": a column and its values. @throws Error usage.
Table parse_axis(std::string_view text);

/// Every row of `left` beside every row of `right`, the rows of `left` in their order. @throws
/// Error usage when both have a column of the same name, or the rows are more than a million.
Table multiply(const Table& left, const Table& right);

}  // namespace pecanctl::arrays
