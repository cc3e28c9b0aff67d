// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/log_lines.hpp"

#include <algorithm>
#include <utility>

namespace pecanctl::inspection {
namespace {

constexpr std::size_t k_longest_part = std::size_t{64} << 10U;

}  // namespace

void LineJoiner::push(const docker::LogPiece& piece)
{
  auto& open = open_.at(piece.is_stderr ? 1 : 0);
  if (!open.is_begun) {
    open.is_begun = true;
    open.time = piece.time;
  }
  open.text += piece.text;
  if (piece.ends_line) {
    give(open, piece.is_stderr, redactor_.redact(open.text), false);
    open = {};
    return;
  }
  if (open.text.size() < k_longest_part) {
    return;
  }
  // What may be the beginning of a secret stays until the rest has come.
  auto text = redactor_.redact(open.text);
  const auto held = std::min(text.size(), std::max<std::size_t>(redactor_.longest(), 1) - 1);
  open.text = text.substr(text.size() - held);
  text.resize(text.size() - held);
  give(open, piece.is_stderr, std::move(text), true);
}

void LineJoiner::finish()
{
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_.at(i).is_begun) {
      give(open_.at(i), i == 1, redactor_.redact(open_.at(i).text), false);
      open_.at(i) = {};
    }
  }
}

void LineJoiner::give(Open& open, bool is_stderr, std::string text, bool is_partial)
{
  use_({.source = source_,
        .time = open.time,
        .text = std::move(text),
        .is_stderr = is_stderr,
        .is_partial = is_partial});
}

}  // namespace pecanctl::inspection
