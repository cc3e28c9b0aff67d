// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/legacy_digest.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;

TEST_CASE("bety_password_digest: as BETY's betyuser.sh makes it")
{
  CHECK(bety_password_digest("carya", Secret{"illinois"}, Secret{"notasecret"}) ==
        "da4b9c8d4c0cf74e0b2c9bc46bca387ff4916710");
  CHECK(bety_password_digest("carya", Secret{"illinois"}, Secret{"thisisnotasecret"}) ==
        "df8428063fb28d75841d719e3447c3f416860bb7");
}
