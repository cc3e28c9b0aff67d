// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace pecanctl::replication {

/// Third word of a line of sync.log. Source: load.bety.sh.
enum class LogCode { success = 0, other_schema = 1, aborted = 2 };

/// A line of sync.log: eight words with one blank between them, whatever the locale says, which is
/// all that PEcAn's status page reads: "Fri Nov 20 06:05:40 UTC 2026 1 0". Without a line end.
std::string render_log_line(std::chrono::system_clock::time_point time, std::int64_t site,
                            LogCode code);

/// Adds one line in one write, so that two writers never mix. @throws Error as system_error.
void append_line(const std::filesystem::path& path, std::string_view line, bool creates);

}  // namespace pecanctl::replication
