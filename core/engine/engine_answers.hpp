// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/data_access.hpp"

/// What programs in a container say about the files of /data.
namespace pecanctl::engine {

/// "/data/x" for "x".
std::string to_container_path(std::string_view path);

/// Adds what `stat -c "%f %s %Y %n"` printed, by path below /data.
void add_stat_lines(const std::string& output, std::map<std::string, PathInfo>& infos);

/// Runs a program in the container and returns what it printed.
using RunProgram = std::function<std::string(const std::vector<std::string>& command)>;

/// Size and SHA-256 of those of `paths` that are regular files by `infos`, read by `sha256sum`.
std::vector<std::optional<FileDigest>> digest_by_program(
    std::span<const std::string> paths, const std::vector<std::optional<PathInfo>>& infos,
    const RunProgram& run);

}  // namespace pecanctl::engine
