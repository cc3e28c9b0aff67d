// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/base/fd.hpp"
#include "core/replication/dialect.hpp"

namespace pecanctl::replication {

/// Members of a dump, unpacked one after another into one file without a name: nobody else sees
/// it, and it is gone with this process, however that ends.
class Spool {
 public:
  /// Makes the file in `folder`. @throws Error as system_error.
  explicit Spool(const std::filesystem::path& folder);

  /// What `write` adds from now on is the member `name`.
  void begin(const std::string& name);
  void write(std::string_view piece);

  bool has(const std::string& name) const { return members_.contains(name); }

  /// Of all members, bytes.
  std::uint64_t size() const { return end_; }

  /// Name and size of every member.
  std::map<std::string, std::uint64_t> sizes() const;
  /// Reads a member block by block.
  BlockSource open(const std::string& name) const;
  /// A small member as a whole. @throws Error invalid when it is larger than `limit`.
  std::string text(const std::string& name, std::size_t limit) const;

 private:
  struct Member {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  Fd file_;
  std::uint64_t end_ = 0;
  std::map<std::string, Member> members_;
  Member* current_ = nullptr;
};

}  // namespace pecanctl::replication
