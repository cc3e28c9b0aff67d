// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace pecanctl {

/// A named place where a test may kill this process. Only builds with PECANCTL_FAILPOINTS have any:
/// there, `PECANCTL_FAILPOINT=<name>[#<hit>]` makes the <hit>-th arrival (default 1) end the
/// process with SIGKILL. Elsewhere this compiles to nothing.
#ifdef PECANCTL_FAILPOINTS
void failpoint(std::string_view name);
#else
inline void failpoint(std::string_view /*name*/) {}
#endif

}  // namespace pecanctl
