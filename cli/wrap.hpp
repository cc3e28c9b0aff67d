// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::cli {

/// `text` in lines of at most `width` bytes, broken at blanks; a longer word gets a line of its
/// own. At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

}  // namespace pecanctl::cli
