// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>

#include <zlib.h>

#include "core/base/fd.hpp"

struct libdeflate_decompressor;

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
/// itself, since libarchive does not.) Small members, of which our own dumps consist, go through
/// libdeflate, which takes half the time. Looks at what it is given; that must outlive it.
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
  struct FreeDecompressor {
    void operator()(libdeflate_decompressor* decompressor) const;
  };

  std::string_view next_member();
  std::string_view next_part();
  std::size_t read_packed(std::size_t begin);
  void step();
  void refill();
  void check_size() const;
  void note_end(std::string_view block);

  Fd file_;
  const BundleLimits& limits_;
  const UnpackProgress& progress_;
  const std::stop_token& stop_;
  std::unique_ptr<char[]> packed_;
  std::unique_ptr<char[]> unpacked_;
  std::unique_ptr<libdeflate_decompressor, FreeDecompressor> quick_;
  z_stream stream_{};
  std::uint64_t read_ = 0;
  std::uint64_t total_ = 0;
  std::size_t zeros_ = 0;
  bool is_inside_ = false;
  bool is_gzip_ = false;  // one has ended well
  bool is_over_ = false;
};

}  // namespace pecanctl::replication
