// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "cli/exit_status.hpp"
#include "core/base/error.hpp"

namespace pecanctl::cli::output {

struct ErrorStyle {
  bool with_color = false;
  bool with_trail = true;  ///< the last words of what failed; false when they were shown already
};

/// An error as people read it: what, why, fix, and in the last line code, exit code and whether
/// nothing was changed. File errors become one compiler-style block each, with the line and a
/// caret. Ends with a newline.
std::string render_error(const Error& error, ErrorStyle style);

/// The same as GitHub Actions reads it: one `::error file=…,line=…::` line per mistake. Source:
/// GitHub's "Workflow commands", and the escaping of its toolkit (data: % CR LF; properties also
/// `:` and `,`).
std::string render_annotations(const Error& error);

}  // namespace pecanctl::cli::output
