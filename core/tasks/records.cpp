// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/records.hpp"

#include <istream>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::tasks {
namespace {

constexpr std::size_t k_block = std::size_t{256} << 10U;

Error bad_record(std::uint64_t number, std::string why, std::string hint = {})
{
  return Error{{.code = ErrorCode::invalid,
                .what = fmt::format("cannot cut the input at record {}", number),
                .why = std::move(why),
                .hint = std::move(hint)}};
}

bool is_blank(std::string_view record)
{
  return record.find_first_not_of("\r\n") == std::string_view::npos;
}

}  // namespace

RecordReader::RecordReader(std::istream& text, RecordRule rule, std::size_t limit)
    : text_{text},
      rule_{std::move(rule)},
      limit_{limit}
{
}

std::optional<std::string> RecordReader::next()
{
  is_in_quotes_ = false;
  is_field_start_ = true;
  std::size_t looked = 0;  // so much of what is not taken holds no end
  for (;;) {
    if (const auto end = find_end(begin_ + looked); end != std::string::npos) {
      return take(end - begin_);
    }
    // A separator may lie across the border of two blocks.
    const auto left = buffer_.size() - begin_;
    const auto overlap = rule_.csv_delimiter != '\0' ? 0 : rule_.separator.size() - 1;
    looked = left > overlap ? left - overlap : 0;
    if (left > limit_) {
      throw bad_record(count_ + 1, fmt::format("it is longer than {}", format_size(limit_)),
                       "a chunk holds whole records and has at most that size");
    }
    if (!fill()) {
      if (left == 0) {
        return std::nullopt;
      }
      if (is_in_quotes_) {
        throw bad_record(count_ + 1, "its quotation mark is never closed");
      }
      return take(left);
    }
  }
}

// Returns whether there was more.
bool RecordReader::fill()
{
  buffer_.erase(0, std::exchange(begin_, 0));
  const auto old = buffer_.size();
  buffer_.resize(old + k_block);
  text_.read(buffer_.data() + old, k_block);
  buffer_.resize(old + static_cast<std::size_t>(text_.gcount()));
  return buffer_.size() > old;
}

std::size_t RecordReader::find_end(std::size_t from)
{
  if (rule_.csv_delimiter != '\0') {
    return find_row_end(from);
  }
  const auto found = buffer_.find(rule_.separator, from);
  return found == std::string::npos ? found : found + rule_.separator.size();
}

// A quotation mark opens a field at its start only, and closes it; doubled inside it, it does both.
std::size_t RecordReader::find_row_end(std::size_t from)
{
  for (auto i = from; i < buffer_.size(); ++i) {
    const char letter = buffer_[i];
    if (letter == '"' && (is_in_quotes_ || is_field_start_)) {
      is_in_quotes_ = !is_in_quotes_;
      is_field_start_ = !is_in_quotes_;  // of ""
      continue;
    }
    if (letter == '\n' && !is_in_quotes_) {
      return i + 1;
    }
    is_field_start_ = letter == rule_.csv_delimiter && !is_in_quotes_;
  }
  return std::string::npos;
}

std::string RecordReader::take(std::size_t size)
{
  auto record = buffer_.substr(begin_, size);
  begin_ += size;
  ++count_;
  return record;
}

RecordPacker::RecordPacker(RecordReader& reader, Size size, std::size_t limit)
    : reader_{reader},
      size_{size},
      limit_{limit}
{
}

// Blank rows are no rows.
std::optional<std::string> RecordPacker::read()
{
  auto record = reader_.next();
  while (size_.has_header && record && is_blank(*record)) {
    record = reader_.next();
  }
  return record;
}

bool RecordPacker::has_room(const std::string& chunk, std::uint64_t records,
                            const std::string& record) const
{
  return records == 0 ||
         (size_.bytes > 0 ? chunk.size() + record.size() <= size_.bytes : records < size_.records);
}

std::optional<std::string> RecordPacker::next()
{
  if (!std::exchange(is_begun_, true)) {
    if (size_.has_header) {
      header_ = read().value_or("");
      if (!header_.empty() && !header_.ends_with('\n')) {
        header_ += '\n';
      }
    }
    next_ = read();
  }
  if (!next_) {
    return std::nullopt;
  }
  auto chunk = header_;
  std::uint64_t records = 0;
  while (next_ && has_room(chunk, records, *next_)) {
    chunk += *next_;
    ++records;
    if (chunk.size() > limit_) {
      throw bad_record(reader_.count(),
                       fmt::format("with it the chunk is larger than {}", format_size(limit_)),
                       "make `each` of the input smaller");
    }
    next_ = read();
  }
  return chunk;
}

}  // namespace pecanctl::tasks
