// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pecanctl::replication {

/// What we know of a file here that was fetched, or of the part of one.
struct Stamp {
  std::string url = {};  ///< where it is from
  std::string etag = {};
  std::string last_modified = {};
  std::uint64_t size = 0;  ///< bytes
  std::string sha256 = {};
  std::string dumped_at = {};
  bool is_missing = false;  ///< there was no such file
};

/// Never fails: a stamp that cannot be read is none.
Stamp read_stamp(const std::filesystem::path& path);
/// @throws Error as write_file_atomically.
void write_stamp(const std::filesystem::path& path, const Stamp& stamp);

/// Of a file, bytes; 0 when there is none.
std::uint64_t size_of(const std::filesystem::path& path);
void remove_quietly(const std::filesystem::path& path) noexcept;

}  // namespace pecanctl::replication
