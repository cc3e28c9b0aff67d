// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/file_server.hpp"

#include <doctest/doctest.h>

using pecanctl::http::names_etag;

TEST_CASE("http::names_etag: a list of tags, weak ones too, or any")
{
  CHECK(names_etag("\"a\"", "\"a\""));
  CHECK(names_etag("\"b\", W/\"a\"", "\"a\""));
  CHECK(names_etag("*", "\"a\""));
  CHECK_FALSE(names_etag("", "\"a\""));
  CHECK_FALSE(names_etag("\"ab\"", "\"a\""));
  CHECK_FALSE(names_etag("a", "\"a\""));
}
