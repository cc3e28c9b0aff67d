// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::deployment {

/// How many backups of an instance's database are kept.
inline constexpr std::size_t k_kept_backups = 10;

/// The file name of a backup that was made at `time` (RFC 3339, UTC).
std::string backup_name(std::string_view instance, std::string time);

/// Of the file names in a folder those that are backups of `instance`, but for its newest `kept`.
/// What is called otherwise is nobody's backup, and stays. Pure.
std::vector<std::string> list_old_backups(std::string_view instance,
                                          const std::vector<std::string>& names, std::size_t kept);

}  // namespace pecanctl::deployment
