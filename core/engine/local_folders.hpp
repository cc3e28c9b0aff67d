// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"
#include "core/engine/data_access.hpp"

namespace pecanctl::engine {

/// Opens `path` below the folder `root`, through no symbolic link. No descriptor where there is
/// nothing. `shown` is what the root is called in an error. Source: openat2(2). @throws Error.
Fd open_beneath(int root, std::string_view path, int flags, std::string_view shown);

/// "a/b", "c" of "a/b/c"; ".", "a" of "a".
std::pair<std::string, std::string> split_path(std::string_view path);

/// DataAccess::make_folders below the folder `root`.
std::vector<bool> make_local_folders(int root, std::span<const NewFolder> folders,
                                     std::string_view shown, const Deadline& deadline,
                                     const std::stop_token& stop);

}  // namespace pecanctl::engine
