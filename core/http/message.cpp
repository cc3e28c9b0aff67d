// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>

#include "core/http/transport.hpp"

namespace pecanctl::http {
namespace {

bool is_same_ignoring_case(std::string_view a, std::string_view b)
{
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::string_view Response::header(std::string_view name) const
{
  const auto found = std::ranges::find_if(
      headers, [&](const Header& header) { return is_same_ignoring_case(header.name, name); });
  return found == headers.end() ? std::string_view{} : found->value;
}

}  // namespace pecanctl::http
