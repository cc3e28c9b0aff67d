// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/fd.hpp"
#include "core/workflow/run.hpp"

namespace pecanctl::workflow {

/// A row of a joblog. Source: GNU parallel, --joblog.
struct JobLogRow {
  std::size_t seq = 0;      ///< from 1
  std::string host = {};    ///< the queue: which worker it was is not known
  double started = 0;       ///< seconds since the epoch
  double runtime = 0;       ///< seconds
  std::size_t send = 0;     ///< bytes of the message
  std::size_t receive = 0;  ///< bytes of the output
  int exit_value = 0;       ///< 0 OK, 1 ERROR, -1 lost or timed out
  int signal = 0;           ///< 15 for a timeout, as there
  std::string command = {};
};

/// `ended`: now, by the clock on the wall.
JobLogRow make_joblog_row(const JobResult& result, std::string_view queue,
                          std::chrono::system_clock::time_point ended);

/// "Seq\tHost\t…\n".
std::string render_joblog_header();
std::string render_joblog_row(const JobLogRow& row);
/// The same as a JSON object.
std::string render_joblog_json(const JobLogRow& row);

/// The file, only ever appended to.
class JobLog {
 public:
  /// Writes the header when the file is new or empty. @throws Error.
  explicit JobLog(const std::filesystem::path& path);
  void add(const JobLogRow& row);

 private:
  std::string path_;
  Fd file_;
};

}  // namespace pecanctl::workflow
