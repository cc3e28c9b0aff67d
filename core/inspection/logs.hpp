// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/redact.hpp"
#include "core/base/report.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::inspection {

/// Whose log it is.
struct LogSource {
  std::string id = {};  ///< container
  std::string service = {};
  int number = 0;

  /// "dalec-2".
  std::string label() const;
};

/// A line of a log. Very long ones come in parts.
struct LogLine {
  LogSource source = {};
  std::string time = {};  ///< RFC 3339 with nanoseconds
  std::string text = {};  ///< any bytes but the end of the line; secrets are not in it
  bool is_stderr = false;
  bool is_partial = false;  ///< the line goes on in the next one of this source and stream
};

struct LogQuery {
  std::vector<std::string> names = {};  ///< services, or "<service>-<number>"; empty: all
  docker::LogRange range = {};          ///< `tail` counts for each container
  std::chrono::system_clock::time_point asked_at = {};  ///< before the containers were listed
};

/// Makes a client of its own for a thread.
using ConnectDocker = std::function<std::unique_ptr<docker::Engine>()>;
/// Takes the next line; returns false when it wants no more.
using LogUse = std::function<bool(const LogLine&)>;

/// "<seconds>.<nanoseconds>" of "90s", "12h" (before `now`), "2026-11-20", "2026-11-20T05:50:01Z"
/// or with an offset; nothing when it is none of these.
std::optional<std::string> parse_since(std::string_view text,
                                       std::chrono::system_clock::time_point now);

/// The containers that `names` mean. @throws Error not_found with what was probably meant (`known`
/// are names of services that need not have a container); failed when they have none.
std::vector<LogSource> select_sources(const engine::Observation& observed,
                                      const std::vector<std::string>& names,
                                      const std::vector<std::string>& known);

/// What stands between a log and its reader.
struct LogFeed {
  ConnectDocker connect = {};
  engine::Identity identity = {};
  const Redactor& redactor;
  LogUse use = {};
  std::function<bool()> on_idle = {};  ///< all that was there is handed out; false ends it
};

/// Hands out the lines of `sources`, merged by time. With `query.range.follows` it goes on with
/// those and with containers that start later, until `stop` or until the reader wants no more;
/// lines that come within a tenth of a second are merged. Each container has a thread, a connection
/// and a buffer of about 200 KiB. A container whose log cannot be read is a warning.
/// @throws Error unreachable; Cancelled.
void read_logs(const std::vector<LogSource>& sources, const LogQuery& query, const LogFeed& feed,
               Reporter& reporter, const std::stop_token& stop);

}  // namespace pecanctl::inspection
