// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/outcome.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pecanctl::deployment {

void Outcome::fail(const std::string& service, const std::string& name, const Error& error)
{
  failed_.insert(service);
  failures_.insert_or_assign(name, error);
}

int Outcome::finish() const
{
  if (failures_.empty()) {
    return changes_;
  }
  const auto& [name, first] = *failures_.begin();
  auto info = first.info();
  for (const auto& [other, error] : failures_) {
    if (other != name) {
      info.why += fmt::format("\nalso: {}", error.what());
    }
  }
  const bool is_timeout = std::ranges::all_of(
      failures_, [](const auto& failure) { return failure.second.code() == ErrorCode::timeout; });
  if (changes_ > 0 && !is_timeout) {
    info.code = ErrorCode::partial;
  }
  throw Error{std::move(info)};
}

}  // namespace pecanctl::deployment
