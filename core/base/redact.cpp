// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/redact.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace pecanctl {
namespace {

constexpr std::size_t k_shortest = 4;
constexpr std::string_view k_mark = "***";

std::string in_url(std::string_view text)
{
  std::string result;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_plain = byte < 0x80 && (std::isalnum(byte) != 0 || letter == '-' ||
                                          letter == '.' || letter == '_' || letter == '~');
    result += is_plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return result;
}

}  // namespace

Redactor::Redactor(const std::vector<Secret>& secrets)
{
  for (const auto& secret : secrets) {
    if (secret.reveal().size() < k_shortest) {
      continue;
    }
    words_.push_back(secret);
    if (Secret encoded{in_url(secret.reveal())}; encoded != secret) {
      words_.push_back(std::move(encoded));
    }
  }
  std::ranges::sort(words_, std::ranges::greater{},
                    [](const Secret& word) { return word.reveal().size(); });
}

std::string Redactor::redact(std::string_view text) const
{
  std::string result{text};
  for (const auto& word : words_) {
    const auto& secret = word.reveal();
    for (auto at = result.find(secret); at != std::string::npos;
         at = result.find(secret, at + k_mark.size())) {
      result.replace(at, secret.size(), k_mark);
    }
  }
  return result;
}

std::string redact_urls(std::string_view text)
{
  std::string result;
  for (auto scheme = text.find("://"); scheme != std::string_view::npos;
       scheme = text.find("://")) {
    const auto start = scheme + 3;
    const auto end = std::min(text.find_first_of(" \t\r\n\"'<>{}[],", start), text.size());
    result += text.substr(0, start);
    // The scheme tells redact_url where the user part begins.
    result += redact_url("x://" + std::string{text.substr(start, end - start)}).substr(4);
    text.remove_prefix(end);
  }
  return result.append(text);
}

}  // namespace pecanctl
