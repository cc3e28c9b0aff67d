// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/form.hpp"

#include <doctest/doctest.h>

#include "core/base/rate_limit.hpp"
#include "core/base/secret.hpp"

using namespace pecanctl;
using namespace std::chrono_literals;

TEST_CASE("parse_form: fields as a browser or curl sends them")
{
  const auto form =
      parse_form("client_sceret=&server_auth_token=a%2Bb%3D&fqdn=pecan.bu.edu&x=a+b&y");
  REQUIRE(form.has_value());
  CHECK(form->at("client_sceret").empty());
  CHECK(form->at("server_auth_token") == "a+b=");
  CHECK(form->at("fqdn") == "pecan.bu.edu");
  CHECK(form->at("x") == "a b");
  CHECK(form->at("y").empty());
  CHECK(parse_form("")->empty());
  CHECK(parse_form("&&a=1&")->size() == 1);
}

TEST_CASE("parse_form: what means nothing, or two things, is no form")
{
  CHECK_FALSE(parse_form("a=%zz").has_value());
  CHECK_FALSE(parse_form("a=%4").has_value());
  CHECK_FALSE(parse_form("a=1&a=2").has_value());
  std::string many;
  for (int i = 0; i < 40; ++i) {
    many += "f" + std::to_string(i) + "=1&";
  }
  CHECK_FALSE(parse_form(many).has_value());
}

TEST_CASE("RateLimit: a burst, then one each refill; guesses cost more")
{
  const RateLimit::Time begin{1h};
  RateLimit limit{3, 1s};
  for (int i = 0; i < 3; ++i) {
    CHECK(limit.take(begin));
  }
  CHECK_FALSE(limit.take(begin));
  CHECK(limit.take(begin + 1s));
  CHECK_FALSE(limit.take(begin + 1500ms));
  CHECK(limit.take(begin + 1h));
  limit.charge(4);
  CHECK_FALSE(limit.take(begin + 1h + 2s));
  CHECK(limit.take(begin + 1h + 4s));
}

TEST_CASE("is_same_secret: whole texts")
{
  CHECK(is_same_secret(Secret{"abc"}, "abc"));
  CHECK_FALSE(is_same_secret(Secret{"abc"}, "abcd"));
  CHECK_FALSE(is_same_secret(Secret{}, ""));
}
