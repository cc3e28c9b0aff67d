// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/stream.hpp"

#include <utility>

#include "core/base/text.hpp"

namespace pecanctl::docker {
namespace {

constexpr std::size_t k_header_size = 8;
constexpr char k_stderr = 2;

}  // namespace

void LineSplitter::push(std::string_view piece)
{
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    if (rest_.empty()) {
      give(piece.substr(0, end));
    } else {
      rest_ += piece.substr(0, end);
      give(std::exchange(rest_, {}));
    }
    piece.remove_prefix(end + 1);
  }
  rest_ += piece;
}

void LineSplitter::finish()
{
  give(std::exchange(rest_, {}));
}

void LineSplitter::give(std::string_view line) const
{
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (!trim(line).empty()) {
    use_(line);
  }
}

void Demultiplexer::push(std::string_view piece)
{
  if (has_terminal_) {
    use_(false, piece);
    return;
  }
  while (!piece.empty()) {
    if (left_ == 0) {
      piece = take_header(piece);
      continue;
    }
    const auto part = piece.substr(0, left_);
    left_ -= part.size();
    use_(header_.front() == k_stderr, part);
    piece.remove_prefix(part.size());
  }
}

std::string_view Demultiplexer::take_header(std::string_view piece)
{
  if (header_.size() == k_header_size) {
    header_.clear();
  }
  const auto part = piece.substr(0, k_header_size - header_.size());
  header_ += part;
  if (header_.size() == k_header_size) {
    for (const char byte : std::string_view{header_}.substr(4)) {
      left_ = left_ << 8U | static_cast<unsigned char>(byte);
    }
  }
  return piece.substr(part.size());
}

}  // namespace pecanctl::docker
