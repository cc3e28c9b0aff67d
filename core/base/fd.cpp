// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace pecanctl {
namespace fs = std::filesystem;

namespace {

void sync_folder(const fs::path& folder)
{
  const Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0) {
    throw system_error(fmt::format("cannot sync folder {}", folder.string()), errno);
  }
}

fs::path folder_of(const fs::path& path)
{
  return path.has_parent_path() ? path.parent_path() : fs::path{"."};
}

// Removed unless it was renamed away.
class TemporaryFile {
 public:
  TemporaryFile(const fs::path& beside, std::string_view content, unsigned mode)
      : path_{fmt::format("{}.{}.tmp", beside.string(), random_secret(6).reveal())}
  {
    const Fd fd{::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)};
    if (!fd) {
      throw system_error(fmt::format("cannot create {}", path_), errno);
    }
    try {
      write_all(fd.get(), content, path_);
      if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) {
        throw system_error(fmt::format("cannot write {}", path_), errno);
      }
    } catch (...) {
      ::unlink(path_.c_str());
      throw;
    }
  }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  ~TemporaryFile()
  {
    if (!path_.empty()) {
      ::unlink(path_.c_str());
    }
  }

  const std::string& path() const { return path_; }

  void forget() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept
{
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset()
{
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

std::string read_file(const fs::path& path, std::size_t limit)
{
  const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) {
    throw system_error(fmt::format("cannot read {}", path.string()), errno);
  }
  std::string content;
  std::array<char, 65536> block{};
  for (;;) {
    const auto got = ::read(fd.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (got == 0) {
      return content;
    }
    content.append(block.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot read {}", path.string()),
                   .why = fmt::format("it is larger than {} bytes", limit)}};
    }
  }
}

std::optional<std::string> find_file(const fs::path& path, std::size_t limit)
{
  try {
    return read_file(path, limit);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) {
      return std::nullopt;
    }
    throw;
  }
}

void write_all(int fd, std::string_view content, std::string_view what)
{
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno != EINTR) {
      throw system_error(fmt::format("cannot write {}", what), errno);
    }
    content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

void write_file_atomically(const fs::path& path, std::string_view content, unsigned mode)
{
  TemporaryFile temporary{path, content, mode};
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
  temporary.forget();
  sync_folder(folder_of(path));
}

bool create_file_atomically(const fs::path& path, std::string_view content, unsigned mode)
{
  const TemporaryFile temporary{path, content, mode};
  // link(2) refuses an existing name, where rename(2) would replace it.
  if (::link(temporary.path().c_str(), path.c_str()) != 0) {
    if (errno == EEXIST) {
      return false;
    }
    throw system_error(fmt::format("cannot create {}", path.string()), errno);
  }
  sync_folder(folder_of(path));
  return true;
}

}  // namespace pecanctl
