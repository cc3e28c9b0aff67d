// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/http/transport.hpp"

using namespace pecanctl;

TEST_CASE("http::url_encode: keeps what RFC 3986 leaves free and encodes the rest")
{
  CHECK(http::url_encode("aZ09-._~") == "aZ09-._~");
  CHECK(http::url_encode("/a b?c=d&e%") == "%2Fa%20b%3Fc%3Dd%26e%25");
  CHECK(http::url_encode("\xc3\xa9\x01") == "%C3%A9%01");
  CHECK(http::url_encode("").empty());
}

TEST_CASE("http::Response::header: ignores case and takes the first")
{
  const http::Response response{
      .status = 200,
      .headers = {{.name = "Api-Version", .value = "1.41"}, {.name = "api-version", .value = "2"}}};
  CHECK(response.header("API-VERSION") == "1.41");
  CHECK(response.header("Api").empty());
}
