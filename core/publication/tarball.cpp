// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/tarball.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/publication/gzip.hpp"

namespace pecanctl::publication {
namespace {

constexpr std::size_t k_block = 512;
constexpr std::uint64_t k_record = 20 * k_block;                          // what tar writes at once
constexpr std::uint64_t k_largest_octal = (std::uint64_t{1} << 33U) - 1;  // 11 digits
constexpr std::uint64_t k_writeback = std::uint64_t{8} << 20U;

void put(std::string& header, std::size_t offset, std::string_view text)
{
  header.replace(offset, text.size(), text);
}

// Larger files than 8 GiB: the base-256 form that GNU tar and libarchive read.
std::string size_field(std::uint64_t size)
{
  if (size <= k_largest_octal) {
    return fmt::format("{:011o}", size);
  }
  std::string field(12, '\0');
  field[0] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < 8; ++i) {
    field[11 - i] = static_cast<char>((size >> (8 * i)) & 0xffU);
  }
  return field;
}

struct TarEntry {
  std::string_view name;
  char type = '0';
  std::string_view mode = "0000644";
  std::uint64_t size = 0;
  std::int64_t time = 0;
};

std::string render_header(const TarEntry& entry)
{
  std::string header(k_block, '\0');
  put(header, 0, entry.name);
  put(header, 100, entry.mode);
  put(header, 108, "0000000");  // user and group: root
  put(header, 116, "0000000");
  put(header, 124, size_field(entry.size));
  put(header, 136, fmt::format("{:011o}", entry.time));
  put(header, 148, "        ");
  header[156] = entry.type;
  put(header, 257, std::string_view{"ustar\00000", 8});
  put(header, 265, "root");
  put(header, 297, "root");
  const auto sum = std::accumulate(header.begin(), header.end(), 0U, [](unsigned total, char byte) {
    return total + static_cast<unsigned char>(byte);
  });
  put(header, 148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return header;
}

std::uint64_t padding_to(std::uint64_t size, std::uint64_t unit)
{
  return (unit - size % unit) % unit;
}

}  // namespace

Tarball::Tarball(std::filesystem::path path, std::int64_t time)
    : path_{std::move(path)},
      file_{::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644)},
      time_{time}
{
  if (!file_) {
    throw system_error(fmt::format("cannot create {}", path_.string()), errno);
  }
  ::fchmod(file_.get(), 0644);  // whatever the umask: web servers read it
  write(store(render_header({.name = "./", .type = '5', .mode = "0000755", .time = time_})));
  unpacked_ = k_block;
}

void Tarball::write(std::string_view bytes)
{
  write_all(file_.get(), bytes, path_.string());
  // The disk begins now what finish() waits for.
  if (written_ / k_writeback != (written_ + bytes.size()) / k_writeback) {
    ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  written_ += bytes.size();
}

void Tarball::begin(const std::string& name)
{
  end_entry();
  name_ = "./" + name;
  entry_size_ = 0;
  entry_offset_ = written_;
  entry_padding_ = padding_to(unpacked_, k_block);
  const std::string blank(entry_padding_ + k_block, '\0');
  write(store(blank));
  unpacked_ += blank.size();
}

void Tarball::add(std::string_view member, std::uint64_t size)
{
  write(member);
  entry_size_ += size;
  unpacked_ += size;
}

void Tarball::end_entry()
{
  if (name_.empty()) {
    return;
  }
  const auto member = store(std::string(entry_padding_, '\0') +
                            render_header({.name = name_, .size = entry_size_, .time = time_}));
  if (::pwrite(file_.get(), member.data(), member.size(), static_cast<off_t>(entry_offset_)) !=
      static_cast<ssize_t>(member.size())) {
    throw system_error(fmt::format("cannot write {}", path_.string()), errno);
  }
  name_.clear();
}

Tarball::Sum Tarball::finish()
{
  end_entry();
  const auto end = padding_to(unpacked_, k_block) + 2 * k_block;
  write(store(std::string(end + padding_to(unpacked_ + end, k_record), '\0')));
  if (::fsync(file_.get()) != 0) {
    throw system_error(fmt::format("cannot write {}", path_.string()), errno);
  }
  file_.reset();
  return sum_of_file(path_);
}

Tarball::Sum sum_of_file(const std::filesystem::path& path)
{
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  Tarball::Sum sum;
  Sha256 digest;
  std::vector<char> block(std::size_t{1} << 20U);
  for (;;) {
    const auto got = file ? ::read(file.get(), block.data(), block.size()) : -1;
    if (got < 0 && errno != EINTR) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (got == 0) {
      sum.sha256 = digest.finish();
      return sum;
    }
    if (got > 0) {
      digest.update({block.data(), static_cast<std::size_t>(got)});
      sum.size += static_cast<std::uint64_t>(got);
    }
  }
}

}  // namespace pecanctl::publication
