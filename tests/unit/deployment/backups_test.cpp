// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/backups.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;
using Names = std::vector<std::string>;

TEST_CASE("deployment::list_old_backups: all but the newest of this instance, and nothing else")
{
  const auto at = [](const std::string& day) {
    return deployment::backup_name("demo", "2026-11-" + day + "T05:50:01Z");
  };
  CHECK(at("20") == "demo-2026-11-20T05-50-01Z.dump");
  const Names names{at("03"),
                    at("20"),
                    at("01"),
                    at("02"),
                    "demo-mine.dump",
                    "demo-2026-11-01T05-50-01Z.dump.part",
                    "demo-2-2026-11-01T05-50-01Z.dump",
                    "demo.dump",
                    ".dump",
                    "notes.txt"};
  CHECK(deployment::list_old_backups("demo", names, 2) == Names{at("02"), at("01")});
  CHECK(deployment::list_old_backups("demo", names, 4).empty());
  CHECK(deployment::list_old_backups("demo", names, 10).empty());
  CHECK(deployment::list_old_backups("demo-2", names, 0).size() == 1);
}
