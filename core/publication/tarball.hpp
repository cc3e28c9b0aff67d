// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/fd.hpp"

namespace pecanctl::publication {

/// Writes a .tar.gz whose members' content comes compressed already, as gzip members: tar headers
/// and padding stand between them as members of their own, so that nothing is compressed twice and
/// nobody needs to know a size beforehand. The same calls make the same bytes.
/// Source: POSIX.1-2017, pax, "ustar Interchange Format".
class Tarball {
 public:
  /// Creates the file, which must not exist, with its entry "./". `time` (Unix) is that of all
  /// entries.
  Tarball(std::filesystem::path path, std::int64_t time);

  /// A regular file begins; the one before ends.
  void begin(const std::string& name);
  /// A piece of it: `member` is gzip of `size` bytes.
  void add(std::string_view member, std::uint64_t size);

  struct Sum {
    std::uint64_t size = 0;  ///< bytes
    std::string sha256 = {};
  };

  /// Ends the archive, and returns when it is on the disk.
  Sum finish();

 private:
  void write(std::string_view bytes);
  void end_entry();

  std::filesystem::path path_;
  Fd file_;
  std::int64_t time_;
  std::string name_ = {};            ///< of the entry under way; empty: none
  std::uint64_t entry_size_ = 0;     ///< its bytes so far
  std::uint64_t entry_offset_ = 0;   ///< where the gzip member with its header is in the file
  std::uint64_t entry_padding_ = 0;  ///< bytes before the header in that member
  std::uint64_t written_ = 0;        ///< of the file
  std::uint64_t unpacked_ = 0;       ///< of the archive
};

/// The SHA-256 of a file. @throws Error as read_file
Tarball::Sum sum_of_file(const std::filesystem::path& path);

}  // namespace pecanctl::publication
