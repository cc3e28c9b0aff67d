// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::tasks {

/// Where a record ends.
struct RecordRule {
  std::string separator = "\n";  ///< what it ends with; the last one may lack it
  char csv_delimiter = '\0';     ///< set: fields may stand in quotes (RFC 4180), and a separator in
                                 ///< them ends nothing
};

/// Reads records one after the other, each with its separator, holding one of them and a block.
class RecordReader {
 public:
  /// `text` outlives it. A record longer than `limit` is an error.
  RecordReader(std::istream& text, RecordRule rule, std::size_t limit);

  /// Nothing at the end. @throws Error invalid for a record that is too long, or a quote that is
  /// never closed.
  std::optional<std::string> next();

  /// How many were read.
  std::uint64_t count() const { return count_; }

 private:
  bool fill();
  std::size_t find_end(std::size_t from);
  std::size_t find_row_end(std::size_t from);
  std::string take(std::size_t size);

  std::istream& text_;
  RecordRule rule_;
  std::size_t limit_;
  std::string buffer_ = {};
  std::size_t begin_ = 0;  // of what is not taken
  std::uint64_t count_ = 0;
  bool is_in_quotes_ = false;
  bool is_field_start_ = true;
};

/// Packs records into chunks.
class RecordPacker {
 public:
  /// Either so many records or so many bytes: the other is 0. A record longer than that is a chunk
  /// of its own. With a header each chunk begins with the first record.
  struct Size {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    bool has_header = false;
  };

  RecordPacker(RecordReader& reader, Size size, std::size_t limit);

  /// The next chunk; nothing at the end. @throws Error invalid as the reader, and for a chunk that
  /// is larger than the limit.
  std::optional<std::string> next();

 private:
  std::optional<std::string> read();
  bool has_room(const std::string& chunk, std::uint64_t records, const std::string& record) const;

  RecordReader& reader_;
  Size size_;
  std::size_t limit_;
  std::string header_ = {};
  std::optional<std::string> next_ = {};
  bool is_begun_ = false;
};

}  // namespace pecanctl::tasks
