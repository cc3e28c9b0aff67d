// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/secret.hpp"

#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"

namespace pecanctl {
namespace {

std::vector<std::uint8_t> random_bytes(std::size_t count)
{
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t filled = 0; filled < count;) {
    const auto got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got < 0 && errno != EINTR) {
      throw system_error("cannot read random bytes from the kernel", errno);
    }
    filled += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  return bytes;
}

std::string hex(std::span<const std::uint8_t> bytes)
{
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace

Secret random_secret(std::size_t bytes)
{
  const auto raw = random_bytes(bytes);
  std::string text(4 * ((bytes + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), raw.data(),
                  static_cast<int>(raw.size()));
  text.resize(text.find_first_of(std::string_view{"=\0", 2}));
  for (auto& letter : text) {
    letter = letter == '+' ? '-' : letter == '/' ? '_' : letter;
  }
  return Secret{std::move(text)};
}

std::string random_uuid()
{
  auto raw = random_bytes(16);
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0fU) | 0x40U);
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3fU) | 0x80U);
  auto text = hex(raw);
  for (const std::size_t position : {8U, 13U, 18U, 23U}) {
    text.insert(position, 1, '-');
  }
  return text;
}

std::string sha256_hex(std::string_view text)
{
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex(std::span{digest}.first(size));
}

bool is_same_secret(const Secret& secret, std::string_view text)
{
  // Of equal length, whatever the texts: so this takes the same time.
  const auto ours = sha256_hex(secret.reveal());
  const auto theirs = sha256_hex(text);
  return !secret.is_empty() && CRYPTO_memcmp(ours.data(), theirs.data(), ours.size()) == 0;
}

std::string salted_digest(const Secret& secret, std::string_view salt)
{
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const auto& text = secret.reveal();
  HMAC(EVP_sha256(), salt.data(), static_cast<int>(salt.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return hex(std::span{digest}.first(8));
}

std::string redact_url(std::string_view url)
{
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = url.find_first_of("/?#", start);
  const auto at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < start) {
    return std::string{url};
  }
  const auto colon = url.find(':', start);
  if (colon == std::string_view::npos || colon > at) {
    return std::string{url};
  }
  return fmt::format("{}:***{}", url.substr(0, colon), url.substr(at));
}

}  // namespace pecanctl
