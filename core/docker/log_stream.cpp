// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/log_stream.hpp"

#include <algorithm>

namespace pecanctl::docker {
namespace {

constexpr std::size_t k_frame_header = 8;
constexpr char k_stderr_frame = 2;
constexpr std::size_t k_longest_piece = std::size_t{64} << 10U;

}  // namespace

void LogFrames::push(std::string_view data)
{
  if (has_terminal_) {
    push_line_text(data);
    return;
  }
  while (!data.empty()) {
    if (left_ == 0) {
      data = take_header(data);
      continue;
    }
    const auto part = data.substr(0, std::min(left_, k_longest_piece - entry_.size()));
    entry_ += part;
    left_ -= part.size();
    data.remove_prefix(part.size());
    if (left_ == 0 || entry_.size() == k_longest_piece) {
      give(left_ == 0);
    }
  }
}

void LogFrames::finish()
{
  if (!entry_.empty()) {
    give(true);
  }
}

std::string_view LogFrames::take_header(std::string_view data)
{
  const auto part = data.substr(0, k_frame_header - header_.size());
  header_ += part;
  if (header_.size() == k_frame_header) {
    is_stderr_ = header_.front() == k_stderr_frame;
    for (const char byte : std::string_view{header_}.substr(4)) {
      left_ = left_ << 8U | static_cast<unsigned char>(byte);
    }
    header_.clear();
  }
  return data.substr(part.size());
}

void LogFrames::push_line_text(std::string_view data)
{
  while (!data.empty()) {
    const auto end = data.find('\n');
    const auto size = end == std::string_view::npos ? data.size() : end + 1;
    const auto part = data.substr(0, std::min(size, k_longest_piece - entry_.size()));
    entry_ += part;
    data.remove_prefix(part.size());
    if (part.ends_with('\n') || entry_.size() == k_longest_piece) {
      give(part.ends_with('\n'));
    }
  }
}

void LogFrames::give(bool ends_entry)
{
  std::string_view text = entry_;
  if (time_.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    time_ = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  const bool ends_line = ends_entry && text.ends_with('\n');
  if (ends_line) {
    text.remove_suffix(1);
  }
  if (ends_line && text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  use_({.is_stderr = is_stderr_, .time = time_, .text = text, .ends_line = ends_line});
  entry_.clear();
  if (ends_entry) {
    time_.clear();
  }
}

}  // namespace pecanctl::docker
