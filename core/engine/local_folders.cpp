// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/local_folders.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::engine {
namespace {

constexpr ::mode_t k_folder_mode = 0755;

bool is_absence(int error)
{
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == EXDEV;
}

// Makes folders below `root`; a folder that is being made has a name that nobody looks at.
class LocalFolders {
 public:
  LocalFolders(int root, std::string_view shown) : root_{root}, shown_{shown} {}

  bool make(const NewFolder& folder)
  {
    const auto [parent_path, name] = split_path(folder.path);
    const auto parent = ensure(parent_path == "." ? "" : parent_path);
    const auto hidden = fmt::format(".pecanctl-{}", random_uuid());
    make_one(parent, hidden);
    try {
      fill(parent, hidden, folder.files);
    } catch (const std::exception&) {
      remove(parent_path, hidden);
      throw;
    }
    failpoint("folder.filled");
    if (::renameat2(parent.get(), hidden.c_str(), parent.get(), name.c_str(), RENAME_NOREPLACE) ==
        0) {
      return true;
    }
    const auto error = errno;
    remove(parent_path, hidden);
    if (error != EEXIST) {
      fail("make", folder.path, error);
    }
    return false;
  }

  // All of it, once: what was made is on disk.
  void sync() const
  {
    const auto folder = open_beneath(root_, "", O_RDONLY | O_DIRECTORY, shown_);
    if (::syncfs(folder.get()) != 0) {
      fail("write to", "", errno);
    }
  }

 private:
  [[noreturn]] void fail(std::string_view verb, std::string_view path, int error) const
  {
    throw system_error(fmt::format("cannot {} {}/{}", verb, shown_, path), error);
  }

  // The folder `path`, made where it is not there.
  Fd ensure(const std::string& path) const
  {
    auto folder = open_beneath(root_, path, O_RDONLY | O_DIRECTORY, shown_);
    if (folder) {
      return folder;
    }
    const auto [parent_path, name] = split_path(path);
    const auto parent = ensure(parent_path == "." ? "" : parent_path);
    make_one(parent, name);
    folder = open_beneath(root_, path, O_RDONLY | O_DIRECTORY, shown_);
    if (!folder) {
      fail("make", path, ENOTDIR);  // something else has the name, or a symbolic link
    }
    return folder;
  }

  // Takes the owner of `parent`. One that is there is fine.
  void make_one(const Fd& parent, const std::string& name) const
  {
    if (::mkdirat(parent.get(), name.c_str(), k_folder_mode) != 0) {
      if (errno == EEXIST) {
        return;
      }
      fail("make", name, errno);
    }

    struct stat status {};

    const bool is_known = ::fstat(parent.get(), &status) == 0;
    if (is_known && (status.st_uid != ::geteuid() || status.st_gid != ::getegid()) &&
        ::geteuid() == 0) {
      const auto result =
          ::fchownat(parent.get(), name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW);
      if (result != 0) {
        fail("give away", name, errno);
      }
    }
  }

  void fill(const Fd& parent, const std::string& hidden, const std::vector<NewFile>& files) const
  {
    const auto folder = open_beneath(parent.get(), hidden, O_RDONLY | O_DIRECTORY, shown_);
    for (const auto& file : files) {
      auto place = open_beneath(folder.get(), "", O_RDONLY | O_DIRECTORY, shown_);
      const auto [inner, name] = split_path(file.path);
      for (const auto& part : std::filesystem::path{inner == "." ? "" : inner}) {
        make_one(place, part.string());
        place = open_beneath(place.get(), part.string(), O_RDONLY | O_DIRECTORY, shown_);
      }
      write(place, name, file);
    }
  }

  void write(const Fd& place, const std::string& name, const NewFile& file) const
  {
    const Fd made{::openat(place.get(), name.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!made) {
      fail("make", file.path, errno);
    }
    write_all(made.get(), file.content, file.path);

    struct stat status {};

    const bool is_known = ::fstat(place.get(), &status) == 0;
    if ((::geteuid() == 0 && is_known && ::fchown(made.get(), status.st_uid, status.st_gid) != 0) ||
        ::fchmod(made.get(), file.mode) != 0) {
      fail("make", file.path, errno);
    }
  }

  // What was half made. It is ours, and was only just made.
  void remove(const std::string& parent, const std::string& hidden) const
  {
    const auto folder = open_beneath(root_, parent, O_RDONLY | O_DIRECTORY, shown_);
    std::error_code ignored;
    std::filesystem::remove_all(fmt::format("/proc/self/fd/{}/{}", folder.get(), hidden), ignored);
  }

  int root_;
  std::string_view shown_;
};

}  // namespace

Fd open_beneath(int root, std::string_view path, int flags, std::string_view shown)
{
  open_how how{};
  how.flags = static_cast<__u64>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string name{path.empty() ? "." : path};
  Fd fd{static_cast<int>(::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how))};
  if (!fd && !is_absence(errno)) {
    throw system_error(fmt::format("cannot open {}/{}", shown, path), errno);
  }
  return fd;
}

std::pair<std::string, std::string> split_path(std::string_view path)
{
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos
             ? std::pair{std::string{"."}, std::string{path}}
             : std::pair{std::string{path.substr(0, slash)}, std::string{path.substr(slash + 1)}};
}

std::vector<bool> make_local_folders(int root, std::span<const NewFolder> folders,
                                     std::string_view shown, const Deadline& deadline,
                                     const std::stop_token& stop)
{
  LocalFolders maker{root, shown};
  std::vector<bool> are_made;
  for (const auto& folder : folders) {
    check_stop(stop);
    deadline.check("making the run folders");
    are_made.push_back(maker.make(folder));
  }
  maker.sync();
  return are_made;
}

}  // namespace pecanctl::engine
