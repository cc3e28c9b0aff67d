// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/wrap.hpp"

#include "core/base/text.hpp"

namespace pecanctl::cli {

std::vector<std::string> wrap(std::string_view text, std::size_t width)
{
  std::vector<std::string> lines{""};
  for (const auto& word : split(text, ' ')) {
    if (word.empty()) {
      continue;
    }
    auto& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (line.size() + 1 + word.size() <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace pecanctl::cli
