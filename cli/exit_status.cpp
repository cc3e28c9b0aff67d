// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/exit_status.hpp"

namespace pecanctl::cli {

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
