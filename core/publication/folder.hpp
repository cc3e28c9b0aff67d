// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"
#include "core/exchange/manifest.hpp"

namespace pecanctl::publication {

/// A folder that is published, held against other publishers as long as this lives. Files appear in
/// it whole, and under temporary names until then.
class Folder {
 public:
  /// Makes the folder when it is missing, waits for whoever publishes there until `wait` is over,
  /// and removes what publishers that died have left.
  /// @throws Error conflict: somebody else publishes; denied, failed. Cancelled.
  Folder(std::filesystem::path path, const Deadline& wait, const std::stop_token& stop);

  const std::filesystem::path& path() const { return path_; }

  /// The manifest that is there; nothing when there is none, or none that can be read.
  std::optional<exchange::Manifest> find_manifest() const;

  /// Where `name` is prepared.
  std::filesystem::path temporary(std::string_view name) const;
  /// Writes `name` under its temporary name, and waits until it is on the disk.
  void prepare(std::string_view name, std::string_view content) const;
  /// What was prepared takes its place.
  void show(std::string_view name) const;
  /// Removes what was prepared and not shown.
  void drop_prepared() const noexcept;
  /// An empty file, if there is none.
  void ensure_file(std::string_view name) const;
  /// Names are on the disk when this returns.
  void sync() const;

 private:
  std::filesystem::path path_;
  Fd handle_;
};

}  // namespace pecanctl::publication
