// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/error_view.hpp"

#include <doctest/doctest.h>

using namespace pecanctl;
using namespace pecanctl::cli::output;

namespace {

std::string render(ErrorInfo info, ErrorStyle style = {})
{
  return render_error(Error{std::move(info)}, style);
}

}  // namespace

TEST_CASE("render_error: what, why, the last words, the fix, and the code last")
{
  const ErrorInfo info{.code = ErrorCode::failed,
                       .what = "demo-dalec-1 did not come up",
                       .why = "it is exited",
                       .hint = "correct the cause",
                       .trail = {"no \x1b[1mmet file"}};
  CHECK(render(info) ==
        "error: demo-dalec-1 did not come up\n  it is exited\n  | no \\x1b[1mmet file\n"
        "fix: correct the cause\n[failed, exit 1]\n");
  CHECK(render(info, {.with_trail = false}).find("met file") == std::string::npos);
}

TEST_CASE("render_error: says that nothing was changed where that is certain")
{
  CHECK(render({.code = ErrorCode::usage, .what = "x"})
            .ends_with("[usage, exit 2, nothing was changed]\n"));
  CHECK(render({.code = ErrorCode::conflict, .what = "x", .has_changed_nothing = true})
            .ends_with("[conflict, exit 5, nothing was changed]\n"));
  CHECK(render({.code = ErrorCode::partial, .what = "x"}).ends_with("[partial, exit 7]\n"));
}

TEST_CASE("render_error: the caret stands under its character, behind tabs and wide ones")
{
  const auto at = [](std::string excerpt, int column) {
    return render({.code = ErrorCode::invalid,
                   .diagnostics = {{.file = "pecan.yml",
                                    .line = 3,
                                    .column = column,
                                    .message = "wrong",
                                    .excerpt = std::move(excerpt)}}});
  };
  CHECK(at("\tname: x", 8).find("    3 | \tname: x\n      | \t      ^\n") != std::string::npos);
  CHECK(at("森林: x", 5).find("      |       ^\n") != std::string::npos);
  CHECK(at("Müller: x", 9).find("      |         ^\n") != std::string::npos);
  CHECK(at("x", 3).find("      |   ^\n") != std::string::npos);  // behind the end
}

TEST_CASE("render_annotations: as GitHub unescapes it")
{
  const Error file{{.code = ErrorCode::invalid,
                    .diagnostics = {{.file = "a,b:c%.yml",
                                     .line = 3,
                                     .column = 7,
                                     .message = "50% wrong\r\nreally",
                                     .hint = "fix it: now"},
                                    {.file = "secrets/bety", .message = "is missing"}}}};
  CHECK(render_annotations(file) ==
        "::error file=a%2Cb%3Ac%25.yml,line=3,col=7::50%25 wrong%0D%0Areally%0Afix: fix it: now\n"
        "::error file=secrets/bety::is missing\n");
  const Error plain{{.what = "cannot a", .why = "b\nc", .hint = "d"}};
  CHECK(render_annotations(plain) == "::error::cannot a: b%0Ac%0Afix: d\n");
}
