// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

namespace pecanctl::cli {

struct CompletionScript {
  std::string_view shell;  ///< "bash"
  std::string_view text;   ///< the file in completions/, whole
};

/// What teaches a shell to complete our command lines. Made from completions/ by the build.
std::span<const CompletionScript> completion_scripts();

}  // namespace pecanctl::cli
