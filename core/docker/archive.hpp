// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/fd.hpp"
#include "core/docker/types.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::docker {

/// What becomes of a symbolic link that leaves the folder: it is replaced by what it points to; or
/// it stays a link, so that a folder made by strangers takes nothing else of this machine along.
enum class OuterLinks { followed, kept };

/// SHA-256 over names, modes, link targets and contents of what tar_folder packs, 64 hex digits.
/// A file that several folders have is read once, unless it changes.
class FolderDigests {
 public:
  /// @throws Error as tar_folder.
  std::string of(const std::filesystem::path& folder, OuterLinks links = OuterLinks::followed);

 private:
  /// Device, inode, size in bytes, nanoseconds of its last change.
  using File = std::array<std::int64_t, 4>;

  std::string of_file(const std::filesystem::path& path, const struct ::stat& status);

  std::map<File, std::string> files_;
};

/// The tar of `folder`, for Engine::build_image: sorted by name, owned by root, without times, so
/// that equal folders give equal bytes. What its `.dockerignore` leaves out is not in it. Nothing
/// is held in memory: the folder must not change before the upload ends.
/// @throws Error not_found, denied, failed; invalid when links form a cycle. So does the source.
http::BodySource tar_folder(const std::filesystem::path& folder,
                            OuterLinks links = OuterLinks::followed);

/// `files` as a tar, in their order. @throws Error failed.
std::string write_tar(std::span<const ArchiveFile> files);

/// The regular files in `tar` whose size is at most `limit` bytes, together at most 64 MiB. @throws
/// Error failed: it is no tar, or cut short.
std::vector<ArchiveFile> read_tar(std::string_view tar, std::size_t limit);

/// The same for a tar that arrives in pieces: only what is wanted of it is held in memory. Once.
class TarReader {
 public:
  explicit TarReader(std::size_t limit);
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;
  ~TarReader();

  /// Waits until the piece is read.
  void push(std::string_view piece);
  /// @throws as read_tar.
  std::vector<ArchiveFile> finish();

 private:
  // libarchive pulls: it reads in a thread of its own, from a socket.
  Fd write_end_;
  std::vector<ArchiveFile> files_;
  std::exception_ptr thrown_;
  std::jthread thread_;
};

}  // namespace pecanctl::docker
