// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#define XXH_INLINE_ALL
#include "core/replication/row_index.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <xxhash.h>

#include "core/base/error.hpp"

namespace pecanctl::replication {
namespace {

constexpr unsigned k_half = 32;

}  // namespace

RowIndex::Entry RowIndex::make(std::int64_t id, std::string_view text) const
{
  const auto hash = XXH3_128bits_withSeed(text.data(), text.size(), seed_);
  return {.offset = static_cast<std::uint32_t>(id - block_.first),
          .hash = {static_cast<std::uint32_t>(hash.low64),
                   static_cast<std::uint32_t>(hash.low64 >> k_half),
                   static_cast<std::uint32_t>(hash.high64),
                   static_cast<std::uint32_t>(hash.high64 >> k_half)}};
}

void RowIndex::add(std::int64_t id, std::string_view text)
{
  entries_.push_back(make(id, text));
  const auto count = entries_.size();
  is_sorted_ =
      is_sorted_ && (count == 1 || entries_[count - 2].offset < entries_[count - 1].offset);
}

void RowIndex::seal()
{
  if (!is_sorted_) {
    std::ranges::sort(entries_, {}, &Entry::offset);
    const auto twin = std::ranges::adjacent_find(entries_, {}, &Entry::offset);
    if (twin != entries_.end()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot use the dump",
                   .why = fmt::format("id {} is there twice", block_.first + twin->offset)}};
    }
  }
  states_.assign(entries_.size(), State::added);
}

std::size_t RowIndex::position(std::uint32_t offset) const
{
  if (hint_ < entries_.size() && entries_[hint_].offset == offset) {
    return hint_;
  }
  const auto found = std::ranges::lower_bound(entries_, offset, {}, &Entry::offset);
  return found == entries_.end() || found->offset != offset
             ? entries_.size()
             : static_cast<std::size_t>(found - entries_.begin());
}

bool RowIndex::compare(std::int64_t id, std::string_view text)
{
  const auto row = make(id, text);
  const auto at = position(row.offset);
  if (at == entries_.size()) {
    return false;
  }
  const bool is_first = states_[at] == State::added;
  states_[at] = is_first && entries_[at].hash == row.hash ? State::same : State::changed;
  hint_ = at + 1;
  return true;
}

std::optional<RowIndex::State> RowIndex::find(std::int64_t id) const
{
  if (!block_.contains(id)) {
    return std::nullopt;
  }
  const auto at = position(static_cast<std::uint32_t>(id - block_.first));
  return at == entries_.size() ? std::nullopt : std::optional{states_[at]};
}

std::size_t RowIndex::count(State state) const
{
  return static_cast<std::size_t>(std::ranges::count(states_, state));
}

void RowIndex::clear()
{
  entries_ = {};
  states_ = {};
}

}  // namespace pecanctl::replication
