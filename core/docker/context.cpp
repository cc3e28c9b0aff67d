// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <archive_entry.h>
#include <fmt/format.h>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/docker/archive.hpp"
#include "core/docker/ignore.hpp"
#include "core/docker/tar_writer.hpp"

namespace pecanctl::docker {
namespace fs = std::filesystem;

namespace {

// Something found below a folder.
struct Found {
  fs::path path;     // where it is read
  std::string name;  // in the tar
  std::string link;  // the target of a symbolic link
  bool is_directory = false;
};

bool is_below(const fs::path& path, const fs::path& root)
{
  return std::ranges::mismatch(root, path).in1 == root.end();
}

IgnoreRules read_rules(const fs::path& folder)
{
  constexpr std::size_t k_longest = std::size_t{1} << 20U;
  const auto path = folder / ".dockerignore";
  return fs::is_regular_file(fs::symlink_status(path))
             ? IgnoreRules{pecanctl::read_file(path, k_longest)}
             : IgnoreRules{};
}

// Lists what a folder's .dockerignore leaves of it.
class Walk {
 public:
  Walk(const fs::path& folder, OuterLinks links)
      : root_{fs::canonical(folder)},
        rules_{read_rules(root_)},
        links_{links}
  {
    list(root_, "", {root_});
  }

  std::vector<Found> found;

 private:
  // `above` holds the real folders that lead here: one of them again would be a cycle.
  void list(const fs::path& folder, const std::string& prefix, const std::vector<fs::path>& above)
  {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{folder}) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    for (const auto& name : names) {
      add(folder / name, prefix + name, above);
    }
  }

  void add(const fs::path& path, const std::string& name, const std::vector<fs::path>& above)
  {
    const auto status = fs::symlink_status(path);
    const bool is_out = rules_.leaves_out(name);
    if (is_out && (!rules_.takes_back() || !fs::is_directory(path) || fs::is_symlink(status))) {
      return;
    }
    if (fs::is_symlink(status) && (links_ == OuterLinks::kept || stays_inside(path))) {
      found.push_back({.path = path, .name = name, .link = fs::read_symlink(path).string()});
    } else if (fs::is_directory(path)) {
      add_folder(path, name, is_out, above);
    } else if (fs::is_regular_file(path)) {
      found.push_back({.path = path, .name = name, .link = {}});
    }  // sockets, pipes and devices have no place in an image
  }

  // One that is left out is only looked into: something in it may be wanted.
  void add_folder(const fs::path& path, const std::string& name, bool is_out,
                  std::vector<fs::path> above)
  {
    const auto real = fs::canonical(path);
    const bool is_link = fs::is_symlink(fs::symlink_status(path));
    if (is_link && std::ranges::find(above, real) != above.end()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot pack folder {}", root_.string()),
                   .why = fmt::format("the link {} leads back to a folder above it", name)}};
    }
    if (!is_out) {
      found.push_back({.path = path, .name = name + "/", .link = {}, .is_directory = true});
    }
    above.push_back(real);
    list(path, name + "/", above);
  }

  bool stays_inside(const fs::path& link) const
  {
    return fs::read_symlink(link).is_relative() && is_below(fs::weakly_canonical(link), root_);
  }

  fs::path root_;
  IgnoreRules rules_;
  OuterLinks links_;
};

std::vector<Found> list_folder(const fs::path& folder, OuterLinks links)
{
  try {
    return Walk{folder, links}.found;
  } catch (const fs::filesystem_error& error) {
    throw system_error(fmt::format("cannot pack folder {}", folder.string()), error.code().value());
  }
}

struct stat status_of(const Found& found)
{
  struct stat status {};

  const auto* const path = found.path.c_str();
  if ((found.link.empty() ? ::stat(path, &status) : ::lstat(path, &status)) != 0) {
    throw system_error(fmt::format("cannot read {}", found.path.string()), errno);
  }
  return status;
}

// Makes the tar of a folder as it is asked for.
class FolderTar {
 public:
  FolderTar(const fs::path& folder, OuterLinks links) : entries_{list_folder(folder, links)} {}

  std::string_view next()
  {
    do {
      piece_ = advance() ? writer_.take() : std::string{};
    } while (piece_.empty() && !is_finished_);
    return piece_;
  }

 private:
  // Returns whether there may be something to take.
  bool advance()
  {
    if (is_finished_) {
      return false;
    }
    if (file_) {
      copy_piece();
    } else if (next_ < entries_.size()) {
      begin(entries_[next_++]);
    } else {
      writer_.finish();
      is_finished_ = true;
    }
    return true;
  }

  void begin(const Found& found)
  {
    const auto status = status_of(found);
    const auto entry = make_entry(found.name);
    archive_entry_set_mode(entry.get(), status.st_mode);
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_size(entry.get(), S_ISREG(status.st_mode) ? status.st_size : 0);
    if (!found.link.empty()) {
      archive_entry_set_symlink(entry.get(), found.link.c_str());
    }
    writer_.add_header(entry);
    if (S_ISREG(status.st_mode) && status.st_size > 0) {
      open_file(found.path, static_cast<std::size_t>(status.st_size));
    }
  }

  void open_file(const fs::path& path, std::size_t size)
  {
    file_ = Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file_) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    left_ = size;
  }

  void copy_piece()
  {
    const auto& path = entries_[next_ - 1].path;
    const auto size = ::read(file_.get(), buffer_.data(), std::min(left_, buffer_.size()));
    if (size < 0) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (size == 0) {
      throw Error{{.code = ErrorCode::failed,
                   .what = fmt::format("cannot read {}", path.string()),
                   .why = "it became shorter while it was read"}};
    }
    writer_.add_data({buffer_.data(), static_cast<std::size_t>(size)});
    left_ -= static_cast<std::size_t>(size);
    if (left_ == 0) {
      file_.reset();
    }
  }

  std::vector<Found> entries_;
  std::size_t next_ = 0;
  Fd file_;
  std::size_t left_ = 0;
  bool is_finished_ = false;
  TarWriter writer_;
  std::string piece_;
  std::array<char, std::size_t{64} << 10U> buffer_{};
};

}  // namespace

http::BodySource tar_folder(const fs::path& folder, OuterLinks links)
{
  // Shared because a std::function can be copied.
  const auto tar = std::make_shared<FolderTar>(folder, links);
  return [tar] { return tar->next(); };
}

std::string FolderDigests::of(const fs::path& folder, OuterLinks links)
{
  Sha256 digest;
  for (const auto& found : list_folder(folder, links)) {
    const auto status = status_of(found);
    auto line = fmt::format("{:o}", status.st_mode);
    for (const auto& part :
         {found.name, found.link,
          S_ISREG(status.st_mode) ? of_file(found.path, status) : std::string{}}) {
      line += '\0';  // in no name
      line += part;
    }
    digest.update(line + '\0');
  }
  return digest.finish();
}

std::string FolderDigests::of_file(const fs::path& path, const struct ::stat& status)
{
  constexpr std::int64_t k_second = 1'000'000'000;
  auto& digest =
      files_[{static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
              status.st_size, status.st_ctim.tv_sec * k_second + status.st_ctim.tv_nsec}];
  if (digest.empty()) {
    digest = sha256_of_file(path);
  }
  return digest;
}

}  // namespace pecanctl::docker
