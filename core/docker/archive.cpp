// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/archive.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/docker/tar_writer.hpp"

namespace pecanctl::docker {
namespace {

constexpr std::uint32_t k_mode_bits = 07777;
constexpr std::size_t k_total_limit = std::size_t{64} << 20U;
constexpr std::size_t k_block = 10'240;
constexpr const char* k_cannot_read = "cannot read a tar";

struct ReaderDeleter {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

using Reader = std::unique_ptr<archive, ReaderDeleter>;

[[noreturn]] void fail(std::string_view what, archive* archive)
{
  const char* const why = archive_error_string(archive);
  throw Error{
      {.code = ErrorCode::failed, .what = std::string{what}, .why = why == nullptr ? "" : why}};
}

Reader make_reader()
{
  Reader reader{archive_read_new()};
  archive_read_support_format_tar(reader.get());
  return reader;
}

ArchiveFile read_file(archive* reader, archive_entry* entry)
{
  const char* name = archive_entry_pathname_utf8(entry);
  name = name == nullptr ? archive_entry_pathname(entry) : name;
  if (name == nullptr) {
    fail(k_cannot_read, reader);
  }
  ArchiveFile file{
      .path = name,
      .content = std::string(static_cast<std::size_t>(archive_entry_size(entry)), '\0'),
      .mode = archive_entry_perm(entry),
      .uid = static_cast<int>(archive_entry_uid(entry)),
      .gid = static_cast<int>(archive_entry_gid(entry)),
      .modified = archive_entry_mtime(entry)};
  const auto size = static_cast<la_ssize_t>(file.content.size());
  if (archive_read_data(reader, file.content.data(), file.content.size()) != size) {
    fail(k_cannot_read, reader);
  }
  return file;
}

std::vector<ArchiveFile> read_files(archive* reader, std::size_t limit)
{
  std::vector<ArchiveFile> files;
  std::size_t total = 0;
  archive_entry* entry = nullptr;
  for (;;) {
    const int code = archive_read_next_header(reader, &entry);
    if (code == ARCHIVE_EOF) {
      return files;
    }
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {  // a name that the locale cannot show
      fail(k_cannot_read, reader);
    }
    const auto size = static_cast<std::size_t>(archive_entry_size(entry));
    if (archive_entry_filetype(entry) != AE_IFREG || size > limit) {
      continue;
    }
    total += size;
    if (total > k_total_limit) {
      throw Error{
          {.code = ErrorCode::failed,
           .what = k_cannot_read,
           .why = fmt::format("the files in it are larger than {}", format_size(k_total_limit))}};
    }
    files.push_back(read_file(reader, entry));
  }
}

la_ssize_t on_write(archive* /*writer*/, void* written, const void* data, std::size_t size)
{
  static_cast<std::string*>(written)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

void EntryDeleter::operator()(archive_entry* entry) const
{
  archive_entry_free(entry);
}

Entry make_entry(const std::string& name)
{
  Entry entry{archive_entry_new()};
  archive_entry_set_pathname(entry.get(), name.c_str());
  return entry;
}

void TarWriter::Deleter::operator()(archive* writer) const
{
  archive_write_free(writer);
}

TarWriter::TarWriter() : writer_{archive_write_new()}
{
  archive_write_set_format_pax_restricted(writer_.get());
  archive_write_set_bytes_per_block(writer_.get(), 0);
  // Names are bytes to us, whatever the locale.
  check(archive_write_set_options(writer_.get(), "hdrcharset=BINARY") == ARCHIVE_OK);
  check(archive_write_open(writer_.get(), &written_, nullptr, &on_write, nullptr) == ARCHIVE_OK);
}

void TarWriter::add_header(const Entry& entry)
{
  check(archive_write_header(writer_.get(), entry.get()) == ARCHIVE_OK);
}

void TarWriter::add_data(std::string_view data)
{
  const auto size = static_cast<la_ssize_t>(data.size());
  check(archive_write_data(writer_.get(), data.data(), data.size()) == size);
}

void TarWriter::finish()
{
  check(archive_write_close(writer_.get()) == ARCHIVE_OK);
}

std::string TarWriter::take()
{
  return std::exchange(written_, {});
}

void TarWriter::check(bool is_good) const
{
  if (!is_good) {
    fail("cannot write a tar", writer_.get());
  }
}

std::string write_tar(std::span<const ArchiveFile> files)
{
  TarWriter writer;
  for (const auto& file : files) {
    const auto entry = make_entry(file.path);
    const bool is_folder = file.path.ends_with('/');
    archive_entry_set_filetype(entry.get(), is_folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), file.mode & k_mode_bits);
    archive_entry_set_uid(entry.get(), file.uid);
    archive_entry_set_gid(entry.get(), file.gid);
    archive_entry_set_mtime(entry.get(), file.modified, 0);
    archive_entry_set_size(entry.get(),
                           static_cast<la_int64_t>(is_folder ? 0 : file.content.size()));
    writer.add_header(entry);
    if (!is_folder) {
      writer.add_data(file.content);
    }
  }
  writer.finish();
  return writer.take();
}

std::vector<ArchiveFile> read_tar(std::string_view tar, std::size_t limit)
{
  const auto reader = make_reader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK) {
    fail(k_cannot_read, reader.get());
  }
  return read_files(reader.get(), limit);
}

TarReader::TarReader(std::size_t limit)
{
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw system_error(k_cannot_read, errno);
  }
  write_end_ = Fd{ends[0]};
  thread_ = std::jthread{[this, limit, read_end = Fd{ends[1]}] {
    try {
      const auto reader = make_reader();
      if (archive_read_open_fd(reader.get(), read_end.get(), k_block) != ARCHIVE_OK) {
        fail(k_cannot_read, reader.get());
      }
      files_ = read_files(reader.get(), limit);
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }};
}

TarReader::~TarReader()
{
  write_end_.reset();  // or the thread would wait for more
}

void TarReader::push(std::string_view piece)
{
  while (!piece.empty() && write_end_) {
    const auto sent = ::send(write_end_.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      piece.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      write_end_.reset();  // the reader has seen the end, or given up: finish() tells
    }
  }
}

std::vector<ArchiveFile> TarReader::finish()
{
  write_end_.reset();
  thread_.join();
  if (thrown_) {
    std::rethrow_exception(thrown_);
  }
  return std::move(files_);
}

}  // namespace pecanctl::docker
