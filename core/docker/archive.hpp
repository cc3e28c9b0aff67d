// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/docker/types.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::docker {

/// A folder ready to be sent to `Engine::build_image`.
struct BuildContext {
  std::string digest;    ///< 64 hex digits over names, modes, link targets and contents
  http::BodySource tar;  ///< good for one upload
};

/// The tar of `folder`: sorted by name, owned by root, without times, so that equal folders give
/// equal bytes. A symbolic link that leaves `folder` is replaced by what it points to.
/// `.dockerignore` is not read. Nothing is held in memory; the folder is read twice, and must not
/// change before the upload ends.
/// @throws Error not_found, denied, failed; invalid when links form a cycle. So does `tar`.
BuildContext make_context_tar(const std::filesystem::path& folder);

/// The tar of a folder as a stream; see make_context_tar.
http::BodySource tar_folder(const std::filesystem::path& folder);

/// `files` as a tar, in their order. @throws Error failed.
std::string write_tar(std::span<const ArchiveFile> files);

/// The regular files in `tar` whose size is at most `limit` bytes. @throws Error failed: it is no
/// tar, or cut short.
std::vector<ArchiveFile> read_tar(std::string_view tar, std::size_t limit);

}  // namespace pecanctl::docker
