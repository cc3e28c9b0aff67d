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
  // A time that was over, or an engine that went away, says more than "partly done".
  const bool says_all = (info.code == ErrorCode::timeout || info.code == ErrorCode::unreachable) &&
                        std::ranges::all_of(failures_, [&](const auto& failure) {
                          return failure.second.code() == info.code;
                        });
  if (changes_ > 0 && !says_all) {
    info.code = ErrorCode::partial;
  }
  throw Error{std::move(info)};
}

}  // namespace pecanctl::deployment
