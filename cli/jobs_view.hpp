// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace pecanctl::cli {

class Context;

/// `status --jobs`: the runs under way, and the last `count` that are over.
void show_jobs(Context& context, std::size_t count);

}  // namespace pecanctl::cli
