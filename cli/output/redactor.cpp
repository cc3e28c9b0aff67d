// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/redactor.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

constexpr std::size_t k_shortest = 6;
constexpr std::string_view k_mask = "***";

}  // namespace

void Redactor::add(const Secret& secret)
{
  const auto& text = secret.reveal();
  if (text.size() < k_shortest) {
    return;
  }
  const std::scoped_lock lock{mutex_};
  for (auto form : {text, percent_encode(text)}) {
    if (std::ranges::find(hidden_, form) == hidden_.end()) {
      hidden_.push_back(std::move(form));
    }
  }
  std::ranges::stable_sort(hidden_, std::ranges::greater{}, &std::string::size);
}

std::string Redactor::apply(std::string text) const
{
  const std::scoped_lock lock{mutex_};
  for (const auto& secret : hidden_) {
    for (auto at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + k_mask.size())) {
      text.replace(at, secret.size(), k_mask);
    }
  }
  return text;
}

}  // namespace pecanctl::cli::output
