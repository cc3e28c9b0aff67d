// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/base/base64.hpp"
#include "core/base/error.hpp"
#include "core/base/signing.hpp"

using namespace pecanctl;

namespace {

std::string from_hex(std::string_view text)
{
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

}  // namespace

// Source: RFC 8032, section 7.1, TEST 2.
TEST_CASE("sign: gives what RFC 8032 says")
{
  const Secret key{
      encode_base64(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))};
  CHECK(
      public_half(key) ==
      encode_base64(from_hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")));
  CHECK(
      sign(key, "\x72") ==
      encode_base64(from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                             "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
}

TEST_CASE("is_signed_by: takes the signature of that key over that message, and no other")
{
  const auto key = make_signing_key();
  const auto other = make_signing_key();
  const auto signature = sign(key, "manifest");
  CHECK(is_signed_by(public_half(key), "manifest", signature));
  CHECK_FALSE(is_signed_by(public_half(key), "manifesto", signature));
  CHECK_FALSE(is_signed_by(public_half(other), "manifest", signature));
  CHECK_FALSE(is_signed_by(public_half(key), "manifest", "short"));
  CHECK_FALSE(is_signed_by("", "manifest", signature));
}

TEST_CASE("public_half: what is no key is an error that does not show it")
{
  try {
    public_half(Secret{"bm8ga2V5"});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    CHECK(std::string{error.what()}.find("bm8ga2V5") == std::string::npos);
  }
}
