// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/signing.hpp"

#include <openssl/evp.h>

#include <memory>

#include "core/base/base64.hpp"
#include "core/base/error.hpp"

namespace pecanctl {
namespace {

constexpr std::size_t k_key_size = 32;
constexpr std::size_t k_signature_size = 64;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using SigningContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text)
{
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* room_in(std::string& text)
{
  return reinterpret_cast<unsigned char*>(text.data());
}

void require(bool is_fine)
{
  if (!is_fine) {
    throw Error{{.code = ErrorCode::internal,
                 .what = "cannot use Ed25519",
                 .why = "the cryptographic library refused"}};
  }
}

Key read_private(const Secret& key)
{
  const auto raw = decode_base64(key.reveal());
  if (!raw || raw->size() != k_key_size) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use the signing key",
                 .why = "it is not 32 bytes in base64"}};
  }
  Key result{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw), raw->size())};
  require(result != nullptr);
  return result;
}

}  // namespace

Secret make_signing_key()
{
  const Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  std::string raw(k_key_size, '\0');
  auto size = raw.size();
  require(key != nullptr && EVP_PKEY_get_raw_private_key(key.get(), room_in(raw), &size) == 1 &&
          size == k_key_size);
  return Secret{encode_base64(raw)};
}

std::string public_half(const Secret& key)
{
  const auto pair = read_private(key);
  std::string raw(k_key_size, '\0');
  auto size = raw.size();
  require(EVP_PKEY_get_raw_public_key(pair.get(), room_in(raw), &size) == 1 && size == k_key_size);
  return encode_base64(raw);
}

std::string sign(const Secret& key, std::string_view message)
{
  const auto pair = read_private(key);
  const SigningContext context{EVP_MD_CTX_new()};
  std::string signature(k_signature_size, '\0');
  auto size = signature.size();
  require(context != nullptr &&
          EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pair.get()) == 1 &&
          EVP_DigestSign(context.get(), room_in(signature), &size, bytes_of(message),
                         message.size()) == 1);
  return encode_base64(signature);
}

bool is_signed_by(std::string_view public_key, std::string_view message, std::string_view signature)
{
  const auto raw_key = decode_base64(public_key);
  const auto raw_signature = decode_base64(signature);
  if (!raw_key || raw_key->size() != k_key_size || !raw_signature ||
      raw_signature->size() != k_signature_size) {
    return false;
  }
  const Key key{
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*raw_key), raw_key->size())};
  const SigningContext context{EVP_MD_CTX_new()};
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(*raw_signature), raw_signature->size(),
                          bytes_of(message), message.size()) == 1;
}

}  // namespace pecanctl
