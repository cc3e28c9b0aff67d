// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/version.hpp"

#include <fmt/format.h>

namespace pecanctl::cli {

Version version()
{
  return {.number = PECANCTL_VERSION,
          .date = PECANCTL_DATE,
          .commit = PECANCTL_COMMIT,
          .docker_api_min = "1.41",
          .docker_api_max = "1.47"};
}

std::string version_line()
{
  const auto [number, date, commit, oldest, newest] = version();
  const auto from = commit.empty() ? std::string{} : fmt::format("commit {}, ", commit);
  return fmt::format("pecanctl {} ({}Docker API {} to {})", number, from, oldest, newest);
}

}  // namespace pecanctl::cli
