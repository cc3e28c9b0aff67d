// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace pecanctl {

/// SHA-256 of what comes piece by piece. Source: FIPS 180-4.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&& other) noexcept;
  Sha256& operator=(Sha256&& other) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256();

  void update(std::string_view bytes);
  /// 64 hex digits; begins anew.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of what is in the file, 64 hex digits. @throws Error as system_error.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace pecanctl
