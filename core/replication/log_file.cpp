// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/log_file.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <ctime>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::replication {

std::string render_log_line(std::chrono::system_clock::time_point time, std::int64_t site,
                            LogCode code)
{
  constexpr std::array k_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int k_first_year = 1900;
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} UTC {} {} {}",
                     k_days.at(static_cast<std::size_t>(utc.tm_wday)),
                     k_months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec, utc.tm_year + k_first_year, site,
                     static_cast<int>(code));
}

void append_line(const std::filesystem::path& path, std::string_view line, bool creates)
{
  constexpr unsigned k_readable = 0644;
  const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | (creates ? O_CREAT : 0);
  const Fd file{::open(path.c_str(), flags, k_readable)};
  if (!file) {
    if (errno == ENOENT && !creates) {
      return;
    }
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
  write_all(file.get(), std::string{line} + "\n", fmt::format("cannot write {}", path.string()));
}

}  // namespace pecanctl::replication
