// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::test {

/// The diagnostics that `work` throws, one a line as compilers print them, hints behind " | ".
/// "none" when nothing is thrown.
inline std::string diagnostics_of(const std::function<void()>& work)
{
  try {
    work();
  } catch (const Error& error) {
    std::string text;
    for (const auto& one : error.info().diagnostics) {
      text += fmt::format("{}:{}:{}: {}", one.file, one.line, one.column, one.message);
      text += one.hint.empty() ? "\n" : fmt::format(" | {}\n", one.hint);
    }
    return text;
  }
  return "none";
}

}  // namespace pecanctl::test
