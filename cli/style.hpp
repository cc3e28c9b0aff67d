// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "cli/options.hpp"

namespace pecanctl::cli {

/// Whether what goes to stdout may have colours: --color, else NO_COLOR, else whether it is a
/// terminal that knows them.
bool has_color_on_stdout(const GlobalOptions& options);

/// Whether the locale can show more than ASCII.
bool has_unicode();

/// False once whoever read stdout has gone.
bool stdout_has_reader();

}  // namespace pecanctl::cli
