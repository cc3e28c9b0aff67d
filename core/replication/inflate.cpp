// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/inflate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include <fmt/format.h>
#include <libdeflate.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_packed_block = std::size_t{512} << 10U;
constexpr std::size_t k_small_member = std::size_t{256} << 10U;
constexpr std::size_t k_unpacked_block = std::size_t{1} << 20U;
constexpr std::uint64_t k_harmless = std::uint64_t{64} << 20U;  // unpacked, whatever the ratio
constexpr std::size_t k_end_of_tar = 1024;                      // two blocks of zeros

[[noreturn]] void refuse_gzip(std::string_view why)
{
  throw Error{
      {.code = ErrorCode::invalid, .what = "cannot read the dump", .why = escape_control(why)}};
}

}  // namespace

Inflater::Inflater(const std::filesystem::path& path, const BundleLimits& limits,
                   const UnpackProgress& progress, const std::stop_token& stop)
    : file_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)},
      limits_{limits},
      progress_{progress},
      stop_{stop},
      packed_{std::make_unique_for_overwrite<char[]>(k_packed_block)},
      unpacked_{std::make_unique_for_overwrite<char[]>(k_unpacked_block)},
      quick_{libdeflate_alloc_decompressor()}
{
  if (!file_) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  constexpr int k_gzip = 16;
  if (::inflateInit2(&stream_, MAX_WBITS + k_gzip) != Z_OK) {
    throw Error{{.code = ErrorCode::internal, .what = "cannot start zlib"}};
  }
  if (!quick_) {
    throw std::bad_alloc{};
  }
  stream_.next_in = reinterpret_cast<Bytef*>(packed_.get());
}

void Inflater::FreeDecompressor::operator()(libdeflate_decompressor* decompressor) const
{
  libdeflate_free_decompressor(decompressor);
}

Inflater::~Inflater()
{
  ::inflateEnd(&stream_);
}

std::string_view Inflater::next()
{
  check_stop(stop_);
  auto block = is_inside_ ? std::string_view{} : next_member();
  block = block.empty() ? next_part() : block;
  total_ += block.size();
  check_size();
  note_end(block);
  return block;
}

// A whole member that fits here; empty when it does not, and zlib shall say what it is.
std::string_view Inflater::next_member()
{
  for (;;) {
    if (stream_.avail_in < k_small_member) {
      std::memmove(packed_.get(), stream_.next_in, stream_.avail_in);
      const auto more = read_packed(stream_.avail_in);
      stream_.next_in = reinterpret_cast<Bytef*>(packed_.get());
      stream_.avail_in += static_cast<uInt>(more);
    }
    std::size_t taken = 0;
    std::size_t made = 0;
    if (libdeflate_gzip_decompress_ex(quick_.get(), stream_.next_in, stream_.avail_in,
                                      unpacked_.get(), k_unpacked_block, &taken,
                                      &made) != LIBDEFLATE_SUCCESS) {
      return {};
    }
    stream_.next_in += taken;
    stream_.avail_in -= static_cast<uInt>(taken);
    is_gzip_ = true;
    if (made > 0) {
      return {unpacked_.get(), made};
    }
  }
}

// The next block of the member that zlib is in, or that begins.
std::string_view Inflater::next_part()
{
  stream_.next_out = reinterpret_cast<Bytef*>(unpacked_.get());
  stream_.avail_out = k_unpacked_block;
  do {
    step();
  } while (stream_.avail_out > 0 && !is_over_ &&
           (is_inside_ || stream_.avail_out == k_unpacked_block));
  return {unpacked_.get(), k_unpacked_block - stream_.avail_out};
}

bool Inflater::ends_with_zeros() const
{
  return zeros_ >= k_end_of_tar;
}

void Inflater::step()
{
  if (stream_.avail_in == 0) {
    refill();
    if (stream_.avail_in == 0) {
      if (is_inside_ || read_ == 0) {
        refuse_gzip(read_ == 0 ? "it is empty" : "the gzip is cut off");
      }
      is_over_ = true;
      return;
    }
  }
  is_inside_ = true;
  const int code = ::inflate(&stream_, Z_NO_FLUSH);
  if (code == Z_STREAM_END) {  // another one may follow: gzip files can be joined
    is_inside_ = false;
    is_gzip_ = true;
    ::inflateReset(&stream_);
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    refuse_gzip(!is_gzip_ && stream_.total_out == 0
                    ? "it is no gzip"
                    : fmt::format("the gzip is damaged{}{}", stream_.msg == nullptr ? "" : ": ",
                                  stream_.msg == nullptr ? "" : stream_.msg));
  }
}

void Inflater::refill()
{
  stream_.avail_in = static_cast<uInt>(read_packed(0));
  stream_.next_in = reinterpret_cast<Bytef*>(packed_.get());
}

// Fills the rest of the buffer; returns the bytes that came.
std::size_t Inflater::read_packed(std::size_t begin)
{
  const auto got = ::read(file_.get(), packed_.get() + begin, k_packed_block - begin);
  if (got < 0) {
    throw system_error("cannot read the dump", errno);
  }
  read_ += static_cast<std::uint64_t>(got);
  if (progress_) {
    progress_(read_);
  }
  return static_cast<std::size_t>(got);
}

void Inflater::check_size() const
{
  if (total_ > limits_.bytes || (total_ > k_harmless && total_ / limits_.ratio > read_)) {
    refuse_gzip(
        fmt::format("{} of gzip unpack to more than {}", format_size(read_), format_size(total_)));
  }
}

void Inflater::note_end(std::string_view block)
{
  const auto last = block.find_last_not_of('\0');
  zeros_ = last == std::string_view::npos ? zeros_ + block.size() : block.size() - last - 1;
}

}  // namespace pecanctl::replication
