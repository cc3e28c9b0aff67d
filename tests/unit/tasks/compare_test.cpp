// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/compare.hpp"

#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace pecanctl::tasks {
namespace {

struct CompareRow {
  std::string_view left;
  std::string_view right;
  Tolerance tolerance;
  bool is_same;
};

}  // namespace

TEST_CASE("tasks::is_same_csv: numbers within the tolerance, everything else letter by letter")
{
  const Tolerance exact;
  const Tolerance absolute{.absolute = 0.01};
  const Tolerance relative{.relative = 1e-6};
  const std::vector<CompareRow> rows{
      {"", "", exact, true},
      {"a,b\n1,2\n", "a,b\n1,2\n", exact, true},
      {"a,b\n1,2\n", "a,b\n1,2", exact, true},
      {"a,b\r\n1,2\r\n", "a,b\n\n1,2\n", exact, true},
      {"1.0", "1", exact, true},
      {"1e3", "1000", exact, true},
      {"1.000", "1.009", absolute, true},
      {"1.000", "1.011", absolute, false},
      {"1000000", "1000000.5", relative, true},
      {"1000000", "1000002", relative, false},
      {"0", "1e-9", relative, false},
      {"nan", "NaN", exact, true},
      {"nan", "1", absolute, false},
      {"inf", "inf", absolute, true},
      {"inf", "-inf", absolute, false},
      {"inf", "1e308", relative, false},
      {"oak,1", "elm,1", absolute, false},
      {"1,2", "1,2,3", absolute, false},
      {"1,2\n3", "1,2", absolute, false},
      {"1,\n", "1\n", absolute, false},
      {"1,2\n3,4", "1,2,3,4", absolute, false},
      {"\"oak, red\",1", "\"oak, red\",1.001", absolute, true},
      {"\"a \"\"b\"\"\"", "\"a \"\"c\"\"\"", absolute, false},
      {"\"two\nlines\",1", "\"two\nlines\",1", exact, true},
      {"2026-01-01", "2026-01-02", absolute, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.left);
    CAPTURE(row.right);
    CHECK(is_same_csv(row.left, row.right, row.tolerance) == row.is_same);
    CHECK(is_same_csv(row.right, row.left, row.tolerance) == row.is_same);
  }
}

}  // namespace pecanctl::tasks
