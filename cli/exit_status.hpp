// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

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
  interrupted = 130,
  terminated = 143,
};

/// The one place that maps failures to exit codes.
ExitStatus exit_status(ErrorCode code);

/// What an exit code tells whoever called pecanctl.
struct ExitMeaning {
  ExitStatus status;
  std::string_view meaning;
  /// Whether the same command may succeed later without anything being corrected.
  bool is_worth_repeating;
};

/// Every exit code, in order: `help exit-codes` and the manual show nothing else.
std::span<const ExitMeaning> exit_meanings();

}  // namespace pecanctl::cli
