// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/gzip.hpp"

#include <libdeflate.h>

#include <array>
#include <cstdint>
#include <new>

namespace pecanctl::publication {
namespace {

// No name, no time, system "unknown".
constexpr std::array<unsigned char, 10> k_gzip_header{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

void append_number(std::string& bytes, std::uint32_t number, int size)
{
  for (int i = 0; i < size; ++i) {
    bytes += static_cast<char>((number >> (8 * i)) & 0xffU);
  }
}

}  // namespace

void Compressor::Free::operator()(libdeflate_compressor* compressor) const
{
  libdeflate_free_compressor(compressor);
}

Compressor::Compressor(int level) : compressor_{libdeflate_alloc_compressor(level)}
{
  if (!compressor_) {
    throw std::bad_alloc{};
  }
}

std::string Compressor::compress(std::string_view content)
{
  std::string member(libdeflate_gzip_compress_bound(compressor_.get(), content.size()), '\0');
  const auto size = libdeflate_gzip_compress(compressor_.get(), content.data(), content.size(),
                                             member.data(), member.size());
  member.resize(size);
  member.shrink_to_fit();
  return member;
}

void Decompressor::Free::operator()(libdeflate_decompressor* decompressor) const
{
  libdeflate_free_decompressor(decompressor);
}

Decompressor::Decompressor() : decompressor_{libdeflate_alloc_decompressor()}
{
  if (!decompressor_) {
    throw std::bad_alloc{};
  }
}

bool Decompressor::holds(std::string_view member, std::string_view content)
{
  if (room_.size() < content.size()) {
    room_.resize(content.size());
  }
  std::size_t read = 0;
  std::size_t written = 0;
  const auto result =
      libdeflate_gzip_decompress_ex(decompressor_.get(), member.data(), member.size(), room_.data(),
                                    content.size(), &read, &written);
  return result == LIBDEFLATE_SUCCESS && read == member.size() && written == content.size() &&
         std::string_view{room_}.substr(0, written) == content;
}

std::string store(std::string_view content)
{
  std::string member{reinterpret_cast<const char*>(k_gzip_header.data()), k_gzip_header.size()};
  const auto size = static_cast<std::uint32_t>(content.size());
  member += '\1';  // the last block, stored
  append_number(member, size, 2);
  append_number(member, ~size, 2);
  member += content;
  append_number(member, libdeflate_crc32(0, content.data(), content.size()), 4);
  append_number(member, size, 4);
  return member;
}

}  // namespace pecanctl::publication
