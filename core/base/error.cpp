// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/error.hpp"

#include <array>
#include <cerrno>
#include <system_error>

namespace pecanctl {

std::string_view to_string(ErrorCode code)
{
  constexpr std::array<std::string_view, 13> k_names{
      "failed",  "usage",       "invalid",   "unreachable", "denied",   "conflict", "timeout",
      "partial", "unconfirmed", "not_found", "finding",     "workload", "internal"};
  return k_names.at(static_cast<std::size_t>(code));
}

Error::Error(ErrorInfo info) : info_{std::move(info)}, line_{info_.what}
{
  if (!info_.why.empty()) {
    line_ += ": " + info_.why;
  }
}

namespace {

std::string_view fix_of(int errno_value)
{
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EACCES:
    case EPERM:
      return "check owner and mode of it, or use sudo";
    case ENOSPC:
    case EDQUOT:
      return "make room on that disk";
    case EROFS:
      return "choose a place that can be written";
    default:
      return {};
  }
}

}  // namespace

Error system_error(std::string what, int errno_value, std::string hint)
{
  auto code = ErrorCode::failed;
  if (errno_value == EACCES || errno_value == EPERM) {
    code = ErrorCode::denied;
  } else if (errno_value == ENOENT) {
    code = ErrorCode::not_found;
  }
  return Error{{.code = code,
                .what = std::move(what),
                .why = std::generic_category().message(errno_value),
                .hint = hint.empty() ? std::string{fix_of(errno_value)} : std::move(hint)}};
}

}  // namespace pecanctl
