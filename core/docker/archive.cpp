// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::docker {
namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t k_mode_bits = 07777;

struct EntryDeleter {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

struct ReaderDeleter {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

struct WriterDeleter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};

using Entry = std::unique_ptr<archive_entry, EntryDeleter>;

[[noreturn]] void fail(std::string_view what, archive* archive)
{
  const char* const why = archive_error_string(archive);
  throw Error{
      {.code = ErrorCode::failed, .what = std::string{what}, .why = why == nullptr ? "" : why}};
}

// A tar that grows in memory, and can be taken away piece by piece.
class TarWriter {
 public:
  TarWriter() : writer_{archive_write_new()}
  {
    archive_write_set_format_pax_restricted(writer_.get());
    archive_write_set_bytes_per_block(writer_.get(), 0);
    check(archive_write_open(writer_.get(), this, nullptr, &TarWriter::on_write, nullptr));
  }

  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;
  ~TarWriter() = default;

  void add_header(archive_entry* entry) { check(archive_write_header(writer_.get(), entry)); }

  void add_data(std::string_view data)
  {
    if (archive_write_data(writer_.get(), data.data(), data.size()) !=
        static_cast<la_ssize_t>(data.size())) {
      fail("cannot write a tar", writer_.get());
    }
  }

  void finish() { check(archive_write_close(writer_.get())); }

  std::string take() { return std::exchange(written_, {}); }

 private:
  void check(int code)
  {
    if (code != ARCHIVE_OK) {
      fail("cannot write a tar", writer_.get());
    }
  }

  static la_ssize_t on_write(archive* /*writer*/, void* self, const void* data, std::size_t size)
  {
    static_cast<TarWriter*>(self)->written_.append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  }

  std::string written_;
  std::unique_ptr<archive, WriterDeleter> writer_;
};

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

// Lists a folder, following links that leave it.
class Walk {
 public:
  explicit Walk(const fs::path& folder) : root_{fs::canonical(folder)} { list(root_, "", {root_}); }

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
    if (fs::is_symlink(status) && stays_inside(path)) {
      found.push_back({.path = path, .name = name, .link = fs::read_symlink(path).string()});
    } else if (fs::is_directory(path)) {
      add_folder(path, name, above);
    } else if (fs::is_regular_file(path)) {
      found.push_back({.path = path, .name = name, .link = {}});
    }  // sockets, pipes and devices have no place in an image
  }

  void add_folder(const fs::path& path, const std::string& name, std::vector<fs::path> above)
  {
    const auto real = fs::canonical(path);
    const bool is_link = fs::is_symlink(fs::symlink_status(path));
    if (is_link && std::ranges::find(above, real) != above.end()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot pack folder {}", root_.string()),
                   .why = fmt::format("the link {} leads back to a folder above it", name)}};
    }
    found.push_back({.path = path, .name = name + "/", .link = {}, .is_directory = true});
    above.push_back(real);
    list(path, name + "/", above);
  }

  bool stays_inside(const fs::path& link) const
  {
    return fs::read_symlink(link).is_relative() && is_below(fs::weakly_canonical(link), root_);
  }

  fs::path root_;
};

// Makes the tar of a folder as it is asked for.
class FolderTar {
 public:
  explicit FolderTar(const fs::path& folder) : entries_{Walk{folder}.found} {}

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
    struct stat status {};

    const bool is_link = !found.link.empty();
    if ((is_link ? ::lstat(found.path.c_str(), &status) : ::stat(found.path.c_str(), &status)) !=
        0) {
      throw system_error(fmt::format("cannot read {}", found.path.string()), errno);
    }
    const Entry entry{archive_entry_new()};
    archive_entry_set_pathname(entry.get(), found.name.c_str());
    archive_entry_set_mode(entry.get(), status.st_mode);
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_size(entry.get(), S_ISREG(status.st_mode) ? status.st_size : 0);
    if (is_link) {
      archive_entry_set_symlink(entry.get(), found.link.c_str());
    }
    writer_.add_header(entry.get());
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

http::BodySource tar_folder(const fs::path& folder)
{
  try {
    // Shared because a std::function can be copied.
    const auto tar = std::make_shared<FolderTar>(folder);
    return [tar] { return tar->next(); };
  } catch (const fs::filesystem_error& error) {
    throw system_error(fmt::format("cannot pack folder {}", folder.string()), error.code().value());
  }
}

BuildContext make_context_tar(const fs::path& folder)
{
  // The digest of the digests of blocks: nothing has to be in memory as a whole.
  constexpr std::size_t k_block = std::size_t{1} << 20U;
  std::string digests;
  std::string block;
  const auto tar = tar_folder(folder);
  for (auto piece = tar(); !piece.empty(); piece = tar()) {
    block += piece;
    for (; block.size() >= k_block; block.erase(0, k_block)) {
      digests += sha256_hex(std::string_view{block}.substr(0, k_block));
    }
  }
  digests += sha256_hex(block);
  return {.digest = sha256_hex(digests), .tar = tar_folder(folder)};
}

std::string write_tar(std::span<const ArchiveFile> files)
{
  TarWriter writer;
  for (const auto& file : files) {
    const Entry entry{archive_entry_new()};
    const bool is_folder = file.path.ends_with('/');
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_filetype(entry.get(), is_folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), file.mode & k_mode_bits);
    archive_entry_set_uid(entry.get(), file.uid);
    archive_entry_set_gid(entry.get(), file.gid);
    archive_entry_set_mtime(entry.get(), file.modified, 0);
    archive_entry_set_size(entry.get(),
                           static_cast<la_int64_t>(is_folder ? 0 : file.content.size()));
    writer.add_header(entry.get());
    if (!is_folder) {
      writer.add_data(file.content);
    }
  }
  writer.finish();
  return writer.take();
}

std::vector<ArchiveFile> read_tar(std::string_view tar, std::size_t limit)
{
  constexpr std::string_view k_what = "cannot read a tar";
  const std::unique_ptr<archive, ReaderDeleter> reader{archive_read_new()};
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) {
    fail(k_what, reader.get());
  }
  std::vector<ArchiveFile> files;
  archive_entry* entry = nullptr;
  for (;;) {
    const int code = archive_read_next_header(reader.get(), &entry);
    if (code == ARCHIVE_EOF) {
      return files;
    }
    if (code != ARCHIVE_OK) {
      fail(k_what, reader.get());
    }
    const auto size = static_cast<std::size_t>(archive_entry_size(entry));
    if (archive_entry_filetype(entry) != AE_IFREG || size > limit) {
      continue;
    }
    ArchiveFile file{.path = archive_entry_pathname(entry),
                     .content = std::string(size, '\0'),
                     .mode = archive_entry_perm(entry),
                     .uid = static_cast<int>(archive_entry_uid(entry)),
                     .gid = static_cast<int>(archive_entry_gid(entry)),
                     .modified = archive_entry_mtime(entry)};
    if (archive_read_data(reader.get(), file.content.data(), size) !=
        static_cast<la_ssize_t>(size)) {
      fail(k_what, reader.get());
    }
    files.push_back(std::move(file));
  }
}

}  // namespace pecanctl::docker
