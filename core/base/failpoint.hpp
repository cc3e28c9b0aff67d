// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace pecanctl {

/// A named place where a test may disturb this process. Only builds with PECANCTL_FAILPOINTS act:
/// there, `PECANCTL_FAILPOINT=<name>[#<hit>][=<kind>]` acts on the <hit>-th arrival (default 1).
/// Kinds: `kill` (the default) ends the process with SIGKILL; `stall:<ms>` says so on stderr and
/// sleeps, deaf to a stop request; `throw` is a bug. Elsewhere this does nothing. Callers compile
/// alike in all builds.
void failpoint(std::string_view name);

}  // namespace pecanctl
