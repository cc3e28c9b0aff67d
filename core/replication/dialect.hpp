// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The rows of a BETY dump as text: what PostgreSQL writes for
/// `COPY … (FORMAT csv, DELIMITER E'\t', NULL '\N', ESCAPE '\')`, UTF-8, no header, LF. Source:
/// dump.bety.sh; PostgreSQL's manual, COPY.
namespace pecanctl::replication {

/// Gives the next block of a member; empty at its end. A block stays valid until the next call.
using BlockSource = std::function<std::string_view()>;

/// One row: its text without the LF, valid until the next one is read.
struct RawRow {
  std::string_view text = {};
  std::size_t fields = 0;
  std::uint64_t number = 0;  ///< from 1
};

/// Cuts a member into rows. Knows quotes, so that a newline in a value ends nothing.
class RowReader {
 public:
  explicit RowReader(BlockSource source) : source_{std::move(source)} {}

  /// The next row; nothing at the end. @throws Error invalid: the last row is cut off, or longer
  /// than 16 MiB.
  std::optional<RawRow> next();

 private:
  std::optional<std::size_t> find_end(std::size_t& fields);
  bool refill();

  BlockSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of the row that is read
  std::uint64_t number_ = 0;
  bool is_over_ = false;
};

using Field = std::optional<std::string>;  ///< nothing is NULL

/// The text of field `index` as it stands in the row, quotes included; empty when there is none.
std::string_view raw_field(std::string_view row, std::size_t index);
/// The values of a row.
std::vector<Field> parse_row(std::string_view row);
/// The row as PostgreSQL would write it, without LF, added to `text`.
void append_row(std::string& text, const std::vector<Field>& values);

}  // namespace pecanctl::replication
