// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "core/publication/gzip.hpp"

namespace pecanctl::publication {

/// A bucket's rows, compressed.
struct PackedRows {
  std::string hash = {};    ///< piece_hash of the rows
  std::string member = {};  ///< gzip
  bool is_new = false;      ///< it was not in the folder yet
};

/// The folder of pieces, named by what is in them. What is there is not packed again, but only
/// taken after a look at every byte of it, so that a crash, a broken disk or a stranger's file
/// costs time and nothing else. Hence pieces are not waited for to be on the disk.
class PieceFolder {
 public:
  /// Made when it is missing. @throws Error denied, failed
  explicit PieceFolder(std::filesystem::path folder);

  /// `rows` as a piece, which is in the folder afterwards. Several threads may call it, each with
  /// tools of its own. @throws Error denied, failed (no space left)
  PackedRows pack(std::string_view rows, Compressor& compressor, Decompressor& decompressor);

  /// Removes all but the pieces with these hashes; returns how many.
  std::uint64_t keep_only(const std::set<std::string>& hashes) const;

 private:
  std::filesystem::path path_of(std::string_view hash) const;

  std::filesystem::path folder_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace pecanctl::publication
