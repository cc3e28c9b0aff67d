// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/inflate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_packed_block = std::size_t{256} << 10U;
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
      packed_(k_packed_block),
      unpacked_(k_unpacked_block)
{
  if (!file_) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  constexpr int k_gzip = 16;
  if (::inflateInit2(&stream_, MAX_WBITS + k_gzip) != Z_OK) {
    throw Error{{.code = ErrorCode::internal, .what = "cannot start zlib"}};
  }
}

Inflater::~Inflater()
{
  ::inflateEnd(&stream_);
}

std::string_view Inflater::next()
{
  check_stop(stop_);
  stream_.next_out = reinterpret_cast<Bytef*>(unpacked_.data());
  stream_.avail_out = static_cast<uInt>(unpacked_.size());
  while (stream_.avail_out > 0 && !is_over_) {
    step();
  }
  const std::string_view block{unpacked_.data(), unpacked_.size() - stream_.avail_out};
  total_ += block.size();
  check_size();
  note_end(block);
  return block;
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
  const auto got = ::read(file_.get(), packed_.data(), packed_.size());
  if (got < 0) {
    throw system_error("cannot read the dump", errno);
  }
  read_ += static_cast<std::uint64_t>(got);
  stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
  stream_.avail_in = static_cast<uInt>(got);
  if (progress_) {
    progress_(read_);
  }
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
