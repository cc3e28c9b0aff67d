// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::publication {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_temporary = ".pecanctl-publish.";
constexpr std::chrono::milliseconds k_lock_pause{100};

// The lock is on the folder itself: it leaves no file behind.
void take_lock(int handle, const fs::path& path, const Deadline& wait, const std::stop_token& stop)
{
  while (::flock(handle, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw system_error(fmt::format("cannot lock {}", path.string()), errno);
    }
    if (wait.is_over()) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot publish to {}", path.string()),
                   .why = "another pecanctl publishes there",
                   .hint = "try again when it has ended, or wait for it with --lock-wait",
                   .has_changed_nothing = true}};
    }
    pause_for(k_lock_pause, wait, stop);
  }
}

}  // namespace

Folder::Folder(fs::path path, const Deadline& wait, const std::stop_token& stop)
    : path_{std::move(path)}
{
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) {
    throw system_error(fmt::format("cannot create {}", path_.string()), error.value());
  }
  handle_ = Fd{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!handle_) {
    throw system_error(fmt::format("cannot publish to {}", path_.string()), errno);
  }
  if (::access(path_.c_str(), W_OK | X_OK) != 0) {
    throw system_error(fmt::format("cannot publish to {}", path_.string()), errno);
  }
  take_lock(handle_.get(), path_, wait, stop);
  drop_prepared();
}

std::optional<exchange::Manifest> Folder::find_manifest() const
{
  try {
    const auto text = find_file(path_ / exchange::k_manifest_name, exchange::k_largest_manifest);
    return text ? std::optional{exchange::parse_manifest(*text)} : std::nullopt;
  } catch (const Error&) {  // whatever it is, it is replaced
    return std::nullopt;
  }
}

fs::path Folder::temporary(std::string_view name) const
{
  return path_ / fmt::format("{}{}", k_temporary, name);
}

void Folder::prepare(std::string_view name, std::string_view content) const
{
  const auto path = temporary(name);
  const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
  if (!file) {
    throw system_error(fmt::format("cannot create {}", path.string()), errno);
  }
  ::fchmod(file.get(), 0644);  // whatever the umask: web servers read it
  write_all(file.get(), content, path.string());
  if (::fsync(file.get()) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
}

void Folder::show(std::string_view name) const
{
  const auto path = path_ / name;
  if (::rename(temporary(name).c_str(), path.c_str()) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
}

void Folder::drop_prepared() const noexcept
{
  std::error_code error;
  for (fs::directory_iterator entry{path_, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(k_temporary)) {
      std::error_code ignored;
      fs::remove(entry->path(), ignored);
    }
  }
}

void Folder::ensure_file(std::string_view name) const
{
  const auto path = path_ / name;
  const Fd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644)};
  if (!file) {
    throw system_error(fmt::format("cannot create {}", path.string()), errno);
  }
}

void Folder::sync() const
{
  if (::fsync(handle_.get()) != 0) {
    throw system_error(fmt::format("cannot write {}", path_.string()), errno);
  }
}

}  // namespace pecanctl::publication
