// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/joblog.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::workflow {
namespace {

constexpr std::string_view k_mount = "/data/";

// A folder's name may hold anything; a row is one line of nine cells.
std::string quote_for_shell(std::string_view text)
{
  constexpr std::string_view k_plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=+:,@%-";
  if (text.find_first_not_of(k_plain) == std::string_view::npos) {
    return std::string{text};
  }
  std::string quoted = "'";
  for (const char byte : text) {
    quoted += byte == '\''                                   ? std::string{"'\\''"}
              : byte == '\n' || byte == '\t' || byte == '\r' ? std::string{"?"}
                                                             : std::string{byte};
  }
  return quoted + "'";
}

}  // namespace

JobLogRow make_joblog_row(const JobResult& result, std::string_view queue,
                          std::chrono::system_clock::time_point ended)
{
  const auto seconds = [](auto time) { return std::chrono::duration<double>(time).count(); };
  const auto has_outcome = result.end == JobEnd::ok || result.end == JobEnd::error;
  const Job job{.folder = result.folder.starts_with(k_mount) ? result.folder.substr(k_mount.size())
                                                             : result.folder};
  return {.seq = std::size_t{result.number} + 1,
          .host = std::string{queue},
          .started = seconds(ended.time_since_epoch()) - seconds(result.ran),
          .runtime = seconds(result.ran),
          .send = message_body(job).size(),
          .receive = has_outcome ? result.whole_output.size() : 0,
          .exit_value = result.is_ok  ? 0
                        : has_outcome ? 1
                                      : -1,
          .signal = result.end == JobEnd::timeout ? 15 : 0,
          .command = fmt::format("cd {} && ./job.sh", quote_for_shell(result.folder))};
}

std::string render_joblog_header()
{
  return "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n";
}

std::string render_joblog_row(const JobLogRow& row)
{
  return fmt::format("{}\t{}\t{:.3f}\t{:10.3f}\t{}\t{}\t{}\t{}\t{}\n", row.seq, row.host,
                     row.started, row.runtime, row.send, row.receive, row.exit_value, row.signal,
                     row.command);
}

std::string render_joblog_json(const JobLogRow& row)
{
  const nlohmann::ordered_json json{{"Seq", row.seq},
                                    {"Host", row.host},
                                    {"Starttime", row.started},
                                    {"JobRuntime", row.runtime},
                                    {"Send", row.send},
                                    {"Receive", row.receive},
                                    {"Exitval", row.exit_value},
                                    {"Signal", row.signal},
                                    {"Command", row.command}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

JobLog::JobLog(const std::filesystem::path& path)
    : path_{path.string()},
      file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)}
{
  struct stat status {};

  if (!file_ || ::fstat(file_.get(), &status) != 0) {
    throw system_error(fmt::format("cannot write the joblog {}", path_), errno);
  }
  if (status.st_size == 0) {
    write_all(file_.get(), render_joblog_header(), path_);
  }
}

void JobLog::add(const JobLogRow& row)
{
  write_all(file_.get(), render_joblog_row(row), path_);
}

}  // namespace pecanctl::workflow
