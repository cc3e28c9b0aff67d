// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/legacy_digest.hpp"

#include <array>

#include <openssl/evp.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl {

std::string sha1_hex(std::string_view text)
{
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw Error{{.code = ErrorCode::failed,
                 .what = "cannot make a digest",
                 .why = "this machine's OpenSSL refuses SHA-1, which BETY keeps passwords with"}};
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += fmt::format("{:02x}", digest.at(i));
  }
  return hex;
}

std::string bety_password_digest(std::string_view login, const Secret& password, const Secret& key)
{
  constexpr int k_stretches = 10;
  auto digest = key.reveal();
  for (int i = 0; i < k_stretches; ++i) {
    digest =
        sha1_hex(fmt::format("{}--{}--{}--{}", digest, login, password.reveal(), key.reveal()));
  }
  return digest;
}

}  // namespace pecanctl
