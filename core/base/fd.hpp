// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pecanctl {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;

  explicit Fd(int fd) : fd_{fd} {}

  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  ~Fd() { reset(); }

  int get() const { return fd_; }

  explicit operator bool() const { return fd_ >= 0; }

  int release() { return std::exchange(fd_, -1); }

  void reset();

 private:
  int fd_ = -1;
};

/// The whole file. @throws Error not_found, denied, failed; invalid when it is larger than `limit`
/// bytes.
std::string read_file(const std::filesystem::path& path,
                      std::size_t limit = std::size_t{16} << 20U);

/// The whole file, or nothing when it does not exist.
std::optional<std::string> find_file(const std::filesystem::path& path,
                                     std::size_t limit = std::size_t{16} << 20U);

/// Makes `path` hold `content`, wholly or not at all: written to a temporary file beside it
/// (created with `mode`, whatever the umask), synced, renamed over it, and the folder synced.
void write_file_atomically(const std::filesystem::path& path, std::string_view content,
                           unsigned mode);

/// The same, but an existing file is kept. Returns whether it was created. Two racers: exactly one
/// creates.
bool create_file_atomically(const std::filesystem::path& path, std::string_view content,
                            unsigned mode);

/// Writes all of `content` to `fd`, across short writes and EINTR. @throws Error failed.
void write_all(int fd, std::string_view content, std::string_view what);

}  // namespace pecanctl
