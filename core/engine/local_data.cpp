// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "core/base/digest.hpp"
#include "core/base/fd.hpp"
#include "core/engine/data_access.hpp"
#include "core/engine/local_folders.hpp"

namespace pecanctl::engine {
namespace {

constexpr std::size_t k_piece = std::size_t{256} << 10U;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

PathInfo to_info(const struct stat& status)
{
  const auto kind = S_ISREG(status.st_mode)   ? PathKind::file
                    : S_ISDIR(status.st_mode) ? PathKind::folder
                                              : PathKind::other;
  return {.kind = kind,
          .stamp = {.modified = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                    .size = static_cast<std::uint64_t>(status.st_size)},
          .mode = status.st_mode & 07777U};
}

class LocalData : public DataAccess {
 public:
  explicit LocalData(const std::filesystem::path& root)
      : root_{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
        shown_{root.string()}
  {
    if (!root_) {
      throw system_error(fmt::format("cannot open {}", shown_), errno);
    }
  }

  bool is_local() const override { return true; }

  std::vector<std::optional<PathInfo>> look(std::span<const std::string> paths,
                                            const Deadline& /*deadline*/,
                                            std::stop_token stop) override
  {
    std::vector<std::optional<PathInfo>> found;
    found.reserve(paths.size());
    for (const auto& path : paths) {
      check_stop(stop);
      const auto file = open(path, O_PATH | O_NOFOLLOW);

      struct stat status {};

      const bool is_there = file && ::fstat(file.get(), &status) == 0;
      found.push_back(is_there ? std::optional{to_info(status)} : std::nullopt);
    }
    return found;
  }

  std::vector<std::optional<FileEnd>> find_ends(std::span<const std::string> paths,
                                                std::size_t limit, const Deadline& /*deadline*/,
                                                std::stop_token stop) override
  {
    std::vector<std::optional<FileEnd>> found;
    for (const auto& path : paths) {
      check_stop(stop);
      found.push_back(find_end(path, limit));
    }
    return found;
  }

  std::vector<std::optional<FileDigest>> digest_files(std::span<const std::string> paths,
                                                      const Deadline& deadline,
                                                      std::stop_token stop) override
  {
    std::vector<std::optional<FileDigest>> found;
    for (const auto& path : paths) {
      found.push_back(find_digest(path, deadline, stop));
    }
    return found;
  }

  std::vector<std::string> list_folders(std::string_view path, const Deadline& /*deadline*/,
                                        std::stop_token /*stop*/) override
  {
    return list(path, true);
  }

  std::vector<std::string> list_files(std::string_view path, const Deadline& /*deadline*/,
                                      std::stop_token /*stop*/) override
  {
    return list(path, false);
  }

  void remove(std::span<const std::string> paths, const Deadline& /*deadline*/,
              std::stop_token /*stop*/) override
  {
    for (const auto& path : paths) {
      const auto [parent, name] = split_path(path);
      const auto folder = open(parent, O_RDONLY | O_DIRECTORY);
      if (folder && ::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
        throw system_error(fmt::format("cannot remove {}/{}", shown_, path), errno);
      }
    }
  }

  void rename(std::string_view from, std::string_view to, const Deadline& /*deadline*/,
              std::stop_token /*stop*/) override
  {
    const auto [from_parent, from_name] = split_path(from);
    const auto [to_parent, to_name] = split_path(to);
    const auto source = open(from_parent, O_RDONLY | O_DIRECTORY);
    const auto target = open(to_parent, O_RDONLY | O_DIRECTORY);
    if (!source || !target ||
        ::renameat(source.get(), from_name.c_str(), target.get(), to_name.c_str()) != 0) {
      throw system_error(fmt::format("cannot rename {}/{}", shown_, from), errno);
    }
  }

  std::vector<bool> make_folders(std::span<const NewFolder> folders, const Deadline& deadline,
                                 std::stop_token stop) override
  {
    return make_local_folders(root_.get(), folders, shown_, deadline, stop);
  }

 private:
  Fd open(std::string_view path, int flags) const
  {
    return open_beneath(root_.get(), path, flags, shown_);
  }

  std::optional<FileEnd> find_end(const std::string& path, std::size_t limit) const
  {
    const auto file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);

    struct stat status {};

    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return std::nullopt;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    const auto start = size > limit ? size - limit : 0;
    FileEnd end{.text = std::string(size - start, '\0'), .is_whole = start == 0};
    std::size_t filled = 0;
    while (filled < end.text.size()) {
      const auto got = ::pread(file.get(), end.text.data() + filled, end.text.size() - filled,
                               static_cast<off_t>(start + filled));
      if (got < 0 && errno != EINTR) {
        throw system_error(fmt::format("cannot read {}/{}", shown_, path), errno);
      }
      if (got == 0) {
        break;
      }
      filled += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    end.text.resize(filled);
    return end;
  }

  std::optional<FileDigest> find_digest(const std::string& path, const Deadline& deadline,
                                        const std::stop_token& stop) const
  {
    const auto file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);

    struct stat status {};

    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return std::nullopt;
    }
    FileDigest digest;
    Sha256 sum;
    std::string piece(k_piece, '\0');
    for (;;) {
      check_stop(stop);
      deadline.check(fmt::format("reading {}/{}", shown_, path));
      const auto got = ::read(file.get(), piece.data(), piece.size());
      if (got == 0) {
        digest.sha256 = sum.finish();
        return digest;
      }
      if (got < 0 && errno != EINTR) {
        throw system_error(fmt::format("cannot read {}/{}", shown_, path), errno);
      }
      const auto size = got > 0 ? static_cast<std::size_t>(got) : 0;
      sum.update(std::string_view{piece}.substr(0, size));
      digest.size += size;
    }
  }

  std::vector<std::string> list(std::string_view path, bool wants_folders) const
  {
    std::vector<std::string> names;
    auto opened = open(path, O_RDONLY | O_DIRECTORY);
    if (!opened) {
      return names;
    }
    const std::unique_ptr<DIR, CloseFolder> folder{::fdopendir(opened.get())};
    if (!folder) {
      throw system_error(fmt::format("cannot list {}/{}", shown_, path), errno);
    }
    const int fd = opened.release();  // the stream owns it now
    while (const auto* entry = ::readdir(folder.get())) {
      const std::string_view name{static_cast<const char*>(entry->d_name)};

      struct stat status {};

      if (name != "." && name != ".." &&
          ::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(status.st_mode) == wants_folders) {
        names.emplace_back(name);
      }
    }
    std::ranges::sort(names);
    return names;
  }

  Fd root_;
  std::string shown_;
};

}  // namespace

std::unique_ptr<DataAccess> make_local_data(const std::filesystem::path& root)
{
  return std::make_unique<LocalData>(root);
}

}  // namespace pecanctl::engine
