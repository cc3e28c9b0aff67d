// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::engine {

/// Tells one content of a file from a later one.
struct FileStamp {
  std::int64_t modified =
      0;  ///< time of the last change, or a digest of it: compare for equality only
  std::uint64_t size = 0;
  bool operator==(const FileStamp&) const = default;
};

enum class PathKind { file, folder, other };

struct PathInfo {
  PathKind kind = PathKind::other;
  FileStamp stamp = {};
  std::uint32_t mode = 0;  ///< permission bits
};

/// A file to be made, by its path in its folder.
struct NewFile {
  std::string path = {};
  std::string content = {};
  std::uint32_t mode = 0644;
  bool operator==(const NewFile&) const = default;
};

struct NewFolder {
  std::string path = {};
  std::vector<NewFile> files = {};
};

/// The end of a file: all of it where it is not longer than what was asked for.
struct FileEnd {
  std::string text = {};
  bool is_whole = true;
};

/// What is in a file.
struct FileDigest {
  std::uint64_t size = 0;
  std::string sha256 = {};  ///< 64 hex digits
  bool operator==(const FileDigest&) const = default;
};

/// The folder that an instance's containers see as /data. Paths are relative to it, without "." and
/// "..". No symbolic link is followed, neither at the end of a path nor on the way: what lies
/// behind one is not there. Errors: denied (no right to read or change), unreachable, timeout; and
/// Cancelled.
class DataAccess {
 public:
  virtual ~DataAccess() = default;

  /// Whether a look costs microseconds; else it is a request to the engine.
  virtual bool is_local() const = 0;
  /// What is at each of `paths`; nothing where there is nothing.
  virtual std::vector<std::optional<PathInfo>> look(std::span<const std::string> paths,
                                                    const Deadline& deadline,
                                                    std::stop_token stop) = 0;
  /// The last `limit` bytes of each file; nothing where there is no regular file.
  virtual std::vector<std::optional<FileEnd>> find_ends(std::span<const std::string> paths,
                                                        std::size_t limit, const Deadline& deadline,
                                                        std::stop_token stop) = 0;
  /// Reads each file as it is now; nothing where there is no regular file.
  virtual std::vector<std::optional<FileDigest>> digest_files(std::span<const std::string> paths,
                                                              const Deadline& deadline,
                                                              std::stop_token stop) = 0;
  /// Names of the folders in the folder `path`, sorted; empty when it is not there.
  virtual std::vector<std::string> list_folders(std::string_view path, const Deadline& deadline,
                                                std::stop_token stop) = 0;
  /// Names of what else is in it, sorted.
  virtual std::vector<std::string> list_files(std::string_view path, const Deadline& deadline,
                                              std::stop_token stop) = 0;
  /// Removes files; those that are not there are fine.
  virtual void remove(std::span<const std::string> paths, const Deadline& deadline,
                      std::stop_token stop) = 0;
  /// Renames a file, replacing what has the name `to`; or a folder.
  virtual void rename(std::string_view from, std::string_view to, const Deadline& deadline,
                      std::stop_token stop) = 0;
  /// Makes `folders`, and those that they lie in, owned as the nearest one that was there. Each
  /// appears with all of its files, on disk, or not at all. Returns which of them were made: one
  /// whose name is taken stays as it is.
  virtual std::vector<bool> make_folders(std::span<const NewFolder> folders,
                                         const Deadline& deadline, std::stop_token stop) = 0;
};

/// /data as a folder of this machine. @throws Error denied, not_found when it cannot be opened.
std::unique_ptr<DataAccess> make_local_data(const std::filesystem::path& root);

/// Where the engine keeps the volume `name` on this machine; nothing when there is no such volume.
std::optional<std::string> find_volume_folder(docker::Engine& engine, std::string_view name,
                                              const Deadline& deadline, std::stop_token stop);

/// Names a running container that mounts /data. @throws Error not_found when there is none.
using FindContainer = std::function<std::string(const Deadline&, std::stop_token)>;

/// /data as a running container has it, through the engine: programs of the image (stat, tar, find,
/// rm, mv) answer for many files at once; an image without them leaves the archive interface, a
/// request a file, and nothing can be changed (Error denied). `engine` outlives the result.
std::unique_ptr<DataAccess> make_engine_data(docker::Engine& engine, FindContainer find_container);

}  // namespace pecanctl::engine
