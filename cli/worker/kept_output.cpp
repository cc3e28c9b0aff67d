// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/kept_output.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pecanctl::worker {
namespace {

constexpr std::size_t k_head_size = std::size_t{64} << 10U;
constexpr std::size_t k_tail_size = (std::size_t{1} << 20U) - k_head_size;

}  // namespace

void KeptOutput::add(std::string_view piece)
{
  const auto first = std::min(piece.size(), k_head_size - head_.size());
  head_ += piece.substr(0, first);
  tail_ += piece.substr(first);
  if (tail_.size() >= 2 * k_tail_size) {  // seldom, so that a long output costs no quadratic time
    const auto surplus = tail_.size() - k_tail_size;
    tail_.erase(0, surplus);
    cut_ += surplus;
  }
}

std::string KeptOutput::text() const
{
  const auto surplus = tail_.size() - std::min(tail_.size(), k_tail_size);
  const auto cut = cut_ + surplus;
  if (cut == 0) {
    return head_ + tail_;
  }
  return fmt::format("{}\n[pecan-worker: {} bytes of output left out]\n{}", head_, cut,
                     std::string_view{tail_}.substr(surplus));
}

}  // namespace pecanctl::worker
