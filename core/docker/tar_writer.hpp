// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct archive;
struct archive_entry;

namespace pecanctl::docker {

struct EntryDeleter {
  void operator()(archive_entry* entry) const;
};

/// A member of a tar: its header.
using Entry = std::unique_ptr<archive_entry, EntryDeleter>;

Entry make_entry(const std::string& name);

/// A tar that grows in memory, and can be taken away piece by piece. Every method @throws Error
/// failed.
class TarWriter {
 public:
  TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;
  ~TarWriter() = default;

  void add_header(const Entry& entry);
  void add_data(std::string_view data);
  void finish();
  /// What was written since the last call.
  std::string take();

 private:
  struct Deleter {
    void operator()(archive* writer) const;
  };

  void check(bool is_good) const;

  std::string written_;
  std::unique_ptr<archive, Deleter> writer_;
};

}  // namespace pecanctl::docker
