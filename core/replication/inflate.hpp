// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "core/base/fd.hpp"

namespace pecanctl::replication {

/// How much of a foreign archive we take.
struct BundleLimits {
  std::size_t entries = 2000;
  std::uint64_t bytes = std::uint64_t{64} << 30U;  ///< unpacked
  std::uint64_t ratio = 100;                       ///< unpacked to packed, above 64 MiB
};

/// Called now and then with the bytes of the packed file that were read.
using UnpackProgress = std::function<void(std::uint64_t)>;

/// Reads a gzip file of one or more members block by block, and verifies its checksums. (zlib
/// itself, since libarchive does not.) Looks at what it is given; that must outlive it.
class Inflater {
 public:
  /// @throws Error as system_error.
  Inflater(const std::filesystem::path& path, const BundleLimits& limits,
           const UnpackProgress& progress, const std::stop_token& stop);
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// The next block, valid until the next call; empty at the verified end.
  /// @throws Error invalid: no gzip, cut off, damaged, more than the limits. Cancelled.
  std::string_view next();

  /// Whether the stream ended as a tar does.
  bool ends_with_zeros() const;

 private:
  void step();
  void refill();
  void check_size() const;
  void note_end(std::string_view block);

  Fd file_;
  const BundleLimits& limits_;
  const UnpackProgress& progress_;
  const std::stop_token& stop_;
  std::vector<char> packed_;
  std::vector<char> unpacked_;
  z_stream stream_{};
  std::uint64_t read_ = 0;
  std::uint64_t total_ = 0;
  std::size_t zeros_ = 0;
  bool is_inside_ = false;
  bool is_gzip_ = false;  // one has ended well
  bool is_over_ = false;
};

}  // namespace pecanctl::replication
