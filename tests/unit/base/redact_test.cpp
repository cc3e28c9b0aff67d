// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/redact.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;

TEST_CASE("Redactor: secrets go, as they are and as they stand in a URL")
{
  Redactor redactor{{Secret{"p@ss word and more"}}};
  redactor.add(Secret{"p@ss word"});
  CHECK(redactor.redact("x p@ss word y p@ss word and more z") == "x *** y *** z");
  CHECK(redactor.redact("amqp://u:p%40ss%20word@h") == "amqp://u:***@h");
  CHECK(redactor.redact("nothing to hide") == "nothing to hide");
  CHECK(redactor.longest() == std::string_view{"p%40ss%20word%20and%20more"}.size());
  CHECK(Redactor{}.redact("p@ss word") == "p@ss word");
  CHECK(Redactor{}.longest() == 0);
}

TEST_CASE("Redactor: a word too short to guard anything stays, and an empty one takes nothing")
{
  const Redactor redactor{{Secret{""}, Secret{"bety"}}};
  CHECK(redactor.redact("database bety") == "database bety");
}

TEST_CASE("redact_urls: only the password of the user part")
{
  CHECK(redact_urls("see amqp://u:p@h/ and http://h:80/a@b, postgres://u:x:y@db/z.") ==
        "see amqp://u:***@h/ and http://h:80/a@b, postgres://u:***@db/z.");
  CHECK(redact_urls("no url: a@b") == "no url: a@b");
}

TEST_CASE("redact_named: what is called a password loses its value, and nothing else does")
{
  CHECK(redact_named("password: hunter2\nuser: me") == "password: ***\nuser: me");
  CHECK(redact_named("X-Consul-Token=abc, PASSWORD = \"q\" API_KEY:z") ==
        "X-Consul-Token=***, PASSWORD = \"***\" API_KEY:***");
  CHECK(redact_named("password authentication failed") == "password authentication failed");
  CHECK(redact_named("password:\n  file: secrets/x") == "password:\n  file: secrets/x");
}
