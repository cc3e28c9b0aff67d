// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/doctor_view.hpp"

#include <doctest/doctest.h>

using namespace pecanctl::cli;
using namespace pecanctl::inspection;

namespace {

Examined example(Verdict verdict)
{
  static constexpr Check k_check{
      .code = "D003", .name = "disk", .title = "room", .needs = "", .limit = {}, .run = nullptr};
  return {.check = &k_check,
          .finding = {.verdict = verdict,
                      .text = "one two three four five six seven eight nine ten eleven twelve",
                      .fix = "make room there"}};
}

}  // namespace

TEST_CASE("cli::render_examined: a failure has its fix below it, and no line is too long")
{
  const auto lines = render_examined(example(Verdict::bad), {.columns = 60});
  CHECK(lines.front().starts_with("✘ D003 disk        one two"));
  CHECK(lines.back() == "                   fix: make room there");
  for (const auto& line : lines) {
    CHECK(line.size() <= 62);  // ✘ is three bytes
  }
  CHECK(render_examined(example(Verdict::good), {}).size() == 1);
  CHECK(render_examined(example(Verdict::bad), {.has_unicode = false})
            .front()
            .starts_with("FAIL D003"));
}

TEST_CASE("cli::summarize: counts what there is")
{
  CHECK(summarize({example(Verdict::good)}) == "1 checks: 1 ok");
  CHECK(summarize({example(Verdict::bad), example(Verdict::skipped), example(Verdict::warning)}) ==
        "3 checks: 0 ok, 1 warnings, 1 failed, 1 skipped");
}
