// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct libdeflate_compressor;
struct libdeflate_decompressor;

/// Gzip in whole members. A file of several members, one after the other, is what gzip makes of
/// `cat`: every reader takes it for one. Source: RFC 1951, RFC 1952.
namespace pecanctl::publication {

/// Makes members. One a thread.
class Compressor {
 public:
  /// `level` as gzip's, 1 to 12.
  explicit Compressor(int level);

  /// `content` as one member. The same content always gives the same bytes.
  std::string compress(std::string_view content);

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const;
  };

  std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

/// Reads members. One a thread.
class Decompressor {
 public:
  Decompressor();

  /// Whether `member` is one whole member whose content is `content`.
  bool holds(std::string_view member, std::string_view content);

 private:
  struct Free {
    void operator()(libdeflate_decompressor* decompressor) const;
  };

  std::unique_ptr<libdeflate_decompressor, Free> decompressor_;
  std::string room_;
};

/// `content` (less than 64 KiB) as one member that is not compressed: its length depends on that of
/// the content only, so that it can be written again in place.
std::string store(std::string_view content);

}  // namespace pecanctl::publication
