// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "cli/exit_status.hpp"
#include "core/base/error.hpp"

namespace pecanctl::cli::output {

/// An error as people read it: what, why, fix, code. File errors become one compiler-style block
/// each, with the line and a caret. Ends with a newline.
std::string render_error(const Error& error, bool with_color);

/// The same as GitHub Actions reads it: one `::error file=…,line=…::` line per mistake.
std::string render_annotations(const Error& error);

}  // namespace pecanctl::cli::output
