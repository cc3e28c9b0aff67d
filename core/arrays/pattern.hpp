// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/arrays/table.hpp"

namespace pecanctl::arrays {

/// A folder that a row of an array gives.
struct ArrayFolder {
  std::string word = {};
  std::uint32_t row = 0;
};

struct Expansion {
  std::vector<ArrayFolder> folders = {};  ///< in the order of the rows
  std::size_t repeated = 0;               ///< of `folders`: they name one that an earlier one names
};

/// What `words` stand for: in each of them, for each row, {column} is replaced by the value and {#}
/// by the row's number, from 1. @throws Error usage for a column that is not there; invalid for a
/// value that is empty.
Expansion expand_words(std::span<const std::string> words, const Table& table);

/// The same in a file: what is in braces and no column's name stays as it is, for files have braces
/// of their own; so does ${name}, a variable of the shell.
std::string fill_in(std::string_view text, const Table& table, std::size_t row);

}  // namespace pecanctl::arrays
