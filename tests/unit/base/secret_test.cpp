// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/secret.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>

using namespace pecanctl;

TEST_CASE("random_secret: 32 bytes are 43 letters that need no quoting, and never the same")
{
  const auto secret = random_secret();
  CHECK(secret.reveal().size() == 43);
  CHECK(std::ranges::all_of(secret.reveal(), [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '-' || letter == '_';
  }));
  CHECK_FALSE(secret == random_secret());
}

TEST_CASE("random_uuid: version 4, variant 1")
{
  const auto uuid = random_uuid();
  REQUIRE(uuid.size() == 36);
  CHECK(uuid[14] == '4');
  CHECK(std::string_view{"89ab"}.find(uuid[19]) != std::string_view::npos);
}

TEST_CASE("sha256_hex: the NIST example")
{
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("salted_digest: equal for equal secrets under one salt only")
{
  const Secret secret{"hunter2"};
  CHECK(salted_digest(secret, "a") == salted_digest(Secret{"hunter2"}, "a"));
  CHECK(salted_digest(secret, "a") != salted_digest(secret, "b"));
  CHECK(salted_digest(secret, "a").size() == 16);
}

TEST_CASE("redact_url: hides the password and nothing else")
{
  CHECK(redact_url("amqp://pecan:s3cret@host:5672/%2F") == "amqp://pecan:***@host:5672/%2F");
  CHECK(redact_url("http://host:80/a@b:c") == "http://host:80/a@b:c");
  CHECK(redact_url("postgres://user@host/db") == "postgres://user@host/db");
}
