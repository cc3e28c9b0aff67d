// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl {
namespace {

constexpr std::size_t k_shortest = 6;
constexpr std::string_view k_mark = "***";

// Where a value begins that `word` at `at` names ("password: x", "token=x"), or npos.
std::size_t value_after(std::string_view text, std::size_t at)
{
  at = text.find_first_not_of("\"' \t", at);
  if (at == std::string_view::npos || (text[at] != ':' && text[at] != '=')) {
    return std::string_view::npos;
  }
  at = text.find_first_not_of("\"' \t", at + 1);
  // A map, a list or a URL is no password.
  const bool is_value = at != std::string_view::npos &&
                        std::string_view{"{}[]()/\r\n"}.find(text[at]) == std::string_view::npos;
  return is_value ? at : std::string_view::npos;
}

}  // namespace

Redactor::Redactor(const std::vector<Secret>& secrets)
{
  for (const auto& secret : secrets) {
    add(secret);
  }
}

void Redactor::add(const Secret& secret)
{
  if (secret.reveal().size() < k_shortest) {
    return;
  }
  const std::scoped_lock lock{mutex_};
  for (Secret form : {secret, Secret{percent_encode(secret.reveal())}}) {
    if (std::ranges::find(words_, form) == words_.end()) {
      words_.push_back(std::move(form));
    }
  }
  std::ranges::stable_sort(words_, std::ranges::greater{},
                           [](const Secret& word) { return word.reveal().size(); });
}

std::string Redactor::redact(std::string_view text) const
{
  const std::scoped_lock lock{mutex_};
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

std::size_t Redactor::longest() const
{
  const std::scoped_lock lock{mutex_};
  return words_.empty() ? 0 : words_.front().reveal().size();
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

std::string redact_named(std::string_view text)
{
  static constexpr std::array<std::string_view, 5> k_words{"password", "passwd", "token", "apikey",
                                                           "api_key"};
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = 0; at < lower.size();) {
    const auto* const word = std::ranges::find_if(k_words, [&](std::string_view each) {
      return std::string_view{lower}.substr(at, each.size()) == each;
    });
    const auto value =
        word == k_words.end() ? std::string_view::npos : value_after(text, at + word->size());
    if (value == std::string_view::npos) {
      ++at;
      continue;
    }
    result.append(text.substr(done, value - done)).append(k_mark);
    done = std::min(text.find_first_of(" \t\r\n\"',;}", value), text.size());
    at = done;
  }
  return result.append(text.substr(done));
}

}  // namespace pecanctl
