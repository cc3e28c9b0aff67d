// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/inspection/usage.hpp"

namespace pecanctl::cli {

/// A run that is under way.
struct WatchedRun {
  std::string id = {};
  std::string model = {};
  std::size_t total = 0;
  std::size_t done = 0;
  std::size_t failed = 0;
  std::optional<std::chrono::seconds> left = {};
};

/// All that one screen of `status --watch` shows.
struct WatchScreen {
  std::string instance = {};
  inspection::Usage usage = {};
  std::vector<WatchedRun> runs = {};
  std::chrono::milliseconds interval{0};
};

struct WatchStyle {
  bool has_unicode = true;
  bool has_color = false;
  bool takes_keys = false;  ///< says how to leave
};

/// At most `rows` lines of at most `columns` cells each, without their ends (escape sequences for
/// colours take no cell). What does not fit is counted: "… 4 more". Pure.
std::vector<std::string> render_watch(const WatchScreen& screen, int columns, int rows,
                                      const WatchStyle& style);

nlohmann::json to_json(const WatchScreen& screen);

}  // namespace pecanctl::cli
