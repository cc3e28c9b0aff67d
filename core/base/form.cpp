// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/form.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace pecanctl {
namespace {

constexpr std::size_t k_most_fields = 32;

std::optional<std::string> decode_field(std::string_view text)
{
  std::string blanks{text};
  std::ranges::replace(blanks, '+', ' ');
  return percent_decode(blanks);
}

}  // namespace

std::optional<std::map<std::string, std::string, std::less<>>> parse_form(std::string_view body)
{
  std::map<std::string, std::string, std::less<>> fields;
  for (const auto& part : split(body, '&')) {
    if (part.empty()) {
      continue;
    }
    const auto equals = part.find('=');
    auto name = decode_field(std::string_view{part}.substr(0, equals));
    auto value =
        decode_field(equals == std::string::npos ? std::string_view{}
                                                 : std::string_view{part}.substr(equals + 1));
    if (!name || !value || fields.size() == k_most_fields ||
        !fields.emplace(std::move(*name), std::move(*value)).second) {
      return std::nullopt;
    }
  }
  return fields;
}

}  // namespace pecanctl
