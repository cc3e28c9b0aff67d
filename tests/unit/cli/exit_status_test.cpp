// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/exit_status.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using pecanctl::ErrorCode;
using pecanctl::cli::exit_meanings;
using pecanctl::cli::ExitMeaning;

TEST_CASE("cli::exit_meanings: every failure's exit code has a meaning, in order")
{
  const auto meanings = exit_meanings();
  CHECK(std::ranges::is_sorted(meanings, {}, &ExitMeaning::status));
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    const auto status = pecanctl::cli::exit_status(static_cast<ErrorCode>(code));
    CAPTURE(code);
    CHECK(std::ranges::count(meanings, status, &ExitMeaning::status) == 1);
  }
}
