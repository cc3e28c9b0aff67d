// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>

namespace pecanctl::cli {

/// Runs what is no command and never typed: `__complete WORD...` for the shells' completion scripts
/// and `__man DIR`, which writes the manual pages. The exit code, or nothing when it is neither.
std::optional<int> run_hidden(std::span<const std::string> arguments);

}  // namespace pecanctl::cli
