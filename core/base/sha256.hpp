// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace pecanctl {

/// SHA-256 of what is in the file, 64 hex digits. @throws Error as system_error.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace pecanctl
