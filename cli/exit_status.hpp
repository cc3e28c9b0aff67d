// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/base/error.hpp"

namespace pecanctl::cli {

/// The exit codes that pecanctl(1) promises. Tested in tests/cli.
enum class ExitStatus {
  ok = 0,
  failed = 1,
  usage = 2,
  invalid = 3,
  unreachable = 4,
  conflict = 5,
  timeout = 6,
  partial = 7,
  unconfirmed = 8,
  not_found = 9,
  finding = 10,
  workload = 11,
  internal = 70,
};

/// The one place that maps failures to exit codes.
ExitStatus exit_status(ErrorCode code);

}  // namespace pecanctl::cli
