// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/redactor.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;
using namespace pecanctl::cli::output;

TEST_CASE("Redactor: takes secrets out, as they are and as URLs carry them")
{
  Redactor redactor;
  redactor.add(Secret{"p/w d+1"});
  redactor.add(Secret{"p/w d+1 and more"});
  CHECK(redactor.apply("amqp://pecan:p%2Fw%20d%2B1@host p/w d+1") == "amqp://pecan:***@host ***");
  CHECK(redactor.apply("p/w d+1 and more") == "***");  // the longer one as a whole
  CHECK(redactor.apply("nothing to hide") == "nothing to hide");
}

TEST_CASE("Redactor: a word too short to guard anything stays, and an empty one takes nothing")
{
  Redactor redactor;
  redactor.add(Secret{""});
  redactor.add(Secret{"bety"});
  CHECK(redactor.apply("database bety") == "database bety");
}
