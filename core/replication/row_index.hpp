// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/replication/peer.hpp"

namespace pecanctl::replication {

/// The rows of one table in a dump: 20 bytes each, id and a 128-bit hash of the text (XXH3, with a
/// seed that no peer knows beforehand), so that the rows here can be compared as they stream by.
class RowIndex {
 public:
  enum class State : std::uint8_t {
    added,    ///< not here
    same,     ///< here, with the same text
    changed,  ///< here, with another text, or more than once
  };

  RowIndex(IdBlock block, std::uint64_t seed) : block_{block}, seed_{seed} {}

  /// A row of the dump, in any order. `id` is in the block.
  void add(std::int64_t id, std::string_view text);
  /// All are in. @throws Error invalid: an id twice.
  void seal();

  /// A row that is here; tells whether the dump has its id.
  bool compare(std::int64_t id, std::string_view text);

  /// What became of a row of the dump; nothing for an id that it does not have.
  std::optional<State> find(std::int64_t id) const;

  std::size_t size() const { return entries_.size(); }

  std::size_t count(State state) const;
  /// Frees the memory; only `size()` and counts are gone with it.
  void clear();

 private:
  struct Entry {
    std::uint32_t offset;  // of the id in the block
    std::array<std::uint32_t, 4> hash;
  };

  Entry make(std::int64_t id, std::string_view text) const;
  std::size_t position(std::uint32_t offset) const;

  IdBlock block_;
  std::uint64_t seed_;
  std::deque<Entry> entries_;  ///< a vector would need half as much again to grow
  std::vector<State> states_;
  bool is_sorted_ = true;
  std::size_t hint_ = 0;  // rows come in about the same order on both sides
};

}  // namespace pecanctl::replication
