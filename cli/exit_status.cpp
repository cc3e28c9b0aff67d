// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/exit_status.hpp"

#include <array>

namespace pecanctl::cli {
namespace {

constexpr std::array k_meanings{
    ExitMeaning{ExitStatus::ok, "done, or nothing to do", false},
    ExitMeaning{ExitStatus::failed, "failed for its own reasons; nothing was left half-done",
                false},
    ExitMeaning{ExitStatus::usage, "the command line is wrong", false},
    ExitMeaning{ExitStatus::invalid, "pecan.yml, a secret or an input file is invalid", false},
    ExitMeaning{ExitStatus::unreachable, "a service cannot be reached, or refuses our credentials",
                true},
    ExitMeaning{ExitStatus::conflict,
                "locked by another pecanctl, or the name belongs to somebody else", true},
    ExitMeaning{ExitStatus::timeout, "timed out waiting", true},
    ExitMeaning{ExitStatus::partial, "partly done; the rest is listed; repeating continues", true},
    ExitMeaning{ExitStatus::unconfirmed, "needs a confirmation; nothing was changed", false},
    ExitMeaning{ExitStatus::not_found, "no such instance, service, model or site", false},
    ExitMeaning{ExitStatus::finding, "a check found something", false},
    ExitMeaning{ExitStatus::workload, "a model job ended in ERROR", false},
    ExitMeaning{ExitStatus::internal, "a bug in pecanctl; please report it", false},
    ExitMeaning{ExitStatus::interrupted, "interrupted (SIGINT); repeating continues", true},
    ExitMeaning{ExitStatus::terminated, "terminated (SIGTERM); repeating continues", true},
};

}  // namespace

std::span<const ExitMeaning> exit_meanings()
{
  return k_meanings;
}

ExitStatus exit_status(ErrorCode code)
{
  switch (code) {
    case ErrorCode::failed:
      return ExitStatus::failed;
    case ErrorCode::usage:
      return ExitStatus::usage;
    case ErrorCode::invalid:
      return ExitStatus::invalid;
    case ErrorCode::unreachable:
    case ErrorCode::denied:
      return ExitStatus::unreachable;
    case ErrorCode::conflict:
      return ExitStatus::conflict;
    case ErrorCode::timeout:
      return ExitStatus::timeout;
    case ErrorCode::partial:
      return ExitStatus::partial;
    case ErrorCode::unconfirmed:
      return ExitStatus::unconfirmed;
    case ErrorCode::not_found:
      return ExitStatus::not_found;
    case ErrorCode::finding:
      return ExitStatus::finding;
    case ErrorCode::workload:
      return ExitStatus::workload;
    case ErrorCode::internal:
      return ExitStatus::internal;
  }
  return ExitStatus::internal;
}

}  // namespace pecanctl::cli
