// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "core/http/transport.hpp"

using namespace pecanctl;

TEST_CASE("http::Response::header: ignores case and takes the first")
{
  const http::Response response{
      .status = 200,
      .headers = {{.name = "Api-Version", .value = "1.41"}, {.name = "api-version", .value = "2"}}};
  CHECK(response.header("API-VERSION") == "1.41");
  CHECK(response.header("Api").empty());
}
