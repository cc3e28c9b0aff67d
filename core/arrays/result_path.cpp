// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/arrays/result_path.hpp"

#include "core/base/text.hpp"

namespace pecanctl::arrays {
namespace {

// Nothing that means another folder, or none.
std::string to_name(std::string_view text)
{
  if (text.find_first_not_of('.') == std::string_view::npos) {
    std::string dots = text.empty() ? "%" : "";
    for (std::size_t i = 0; i < text.size(); ++i) {
      dots += "%2E";
    }
    return dots;
  }
  return percent_encode(text);
}

}  // namespace

std::string result_path(const Table& table, std::size_t row)
{
  std::string path;
  for (std::size_t column = 0; column < table.columns().size(); ++column) {
    path += path.empty() ? "" : "/";
    path += to_name(table.columns()[column]) + "/" + to_name(table.cell(row, column));
  }
  return path;
}

std::string result_path(std::string_view folder)
{
  std::string path;
  for (const auto& part : split(folder, '/')) {
    path += path.empty() ? "" : "/";
    path += to_name(part);
  }
  return path;
}

}  // namespace pecanctl::arrays
