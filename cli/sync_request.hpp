// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::cli {

/// What a program asks of `sync --request`: one JSON object,
/// `{"cmd":"sync","remotes":[1,2],"mode":"plan","policy":"quarantine","deadline_s":600}`.
/// Only `cmd` is required. Its answer is that of `--json`.
struct SyncOrder {
  std::vector<std::string> sites = {};  ///< empty: all
  bool is_plan = false;                 ///< "plan": as --dry-run; else "apply"
  std::optional<std::string> policy = {};
  std::optional<std::chrono::milliseconds> deadline = {};
};

/// Pure. @throws Error usage: no such object, or something in it that is not known.
SyncOrder parse_sync_order(std::string_view text);

}  // namespace pecanctl::cli
