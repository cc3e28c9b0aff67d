// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/arrays/runs_file.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::arrays {
namespace {

// PEcAn's ids are numbers, or names like ENS-00001-76 and SA-median.
bool is_run_id(std::string_view text)
{
  return text != "." && text != ".." && text.find_first_of("/ \t*?[") == std::string_view::npos &&
         is_valid_utf8(text);
}

}  // namespace

std::vector<std::string> parse_runs_file(std::string_view text, std::string_view path)
{
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string_view::npos ? "" : path.substr(0, slash + 1);
  std::vector<std::string> folders;
  std::vector<Diagnostic> mistakes;
  int number = 0;
  for (const auto& row : split(text, '\n')) {
    ++number;
    const auto id = trim(row);
    if (id.empty()) {
      continue;
    }
    if (is_run_id(id)) {
      folders.push_back(fmt::format("{}{}", folder, id));
    } else {
      mistakes.push_back({.file = std::string{path},
                          .line = number,
                          .column = 1,
                          .message = "this is no id of a run",
                          .hint = "give the runs.txt that PEcAn has written: a run id a line",
                          .excerpt = is_valid_utf8(id) ? std::string{id} : ""});
    }
  }
  if (folders.empty() && mistakes.empty()) {
    mistakes.push_back({.file = std::string{path},
                        .message = "it lists no run",
                        .hint = "give the runs.txt that PEcAn has written"});
  }
  if (!mistakes.empty()) {
    const auto why = mistakes.front().message;
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot read the runs of {}", path),
                 .why = why,
                 .diagnostics = std::move(mistakes)}};
  }
  return folders;
}

}  // namespace pecanctl::arrays
