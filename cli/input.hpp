// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"

namespace pecanctl::cli {

/// Whether what is at `path` has to be read as it comes: a pipe, or "-", standard input.
bool is_streamed(const std::filesystem::path& path);

/// All that comes out of it, at most `limit` bytes and one more. A pipe that nobody writes to, or
/// never closes, holds us up until `deadline` at most.
/// @throws Error not_found, denied, failed; timeout. Cancelled.
std::string read_streamed(const std::filesystem::path& path, std::size_t limit,
                          const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::cli
