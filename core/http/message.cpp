// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/http/transport.hpp"

namespace pecanctl::http {
namespace {

bool is_same_ignoring_case(std::string_view a, std::string_view b)
{
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// ASCII only, whatever the locale. Source: RFC 3986, section 2.3.
bool is_unreserved(char letter)
{
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') ||
         std::string_view{"-._~"}.find(letter) != std::string_view::npos;
}

}  // namespace

std::string_view Response::header(std::string_view name) const
{
  const auto found = std::ranges::find_if(
      headers, [&](const Header& header) { return is_same_ignoring_case(header.name, name); });
  return found == headers.end() ? std::string_view{} : found->value;
}

std::string url_encode(std::string_view text)
{
  std::string encoded;
  encoded.reserve(text.size());
  for (const char letter : text) {
    if (is_unreserved(letter)) {
      encoded += letter;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return encoded;
}

}  // namespace pecanctl::http
