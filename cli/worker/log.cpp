// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/log.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::worker {

void Log::line(std::string_view text)
{
  auto clean = escape_control(text);
  std::ranges::replace_if(
      clean, [](char letter) { return letter == '\n' || letter == '\t'; }, ' ');
  const auto line = fmt::format("{} {}\n", format_time(std::chrono::system_clock::now()), clean);
  std::fwrite(line.data(), 1, line.size(), stream_);
  std::fflush(stream_);
}

}  // namespace pecanctl::worker
