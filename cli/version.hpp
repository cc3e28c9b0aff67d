// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace pecanctl::cli {

/// What this program is. The commit is empty when it was not built from a repository.
struct Version {
  std::string_view number;          ///< "0.1.0"
  std::string_view date;            ///< of the release, as the manual pages show it: "2026-11-20"
  std::string_view commit;          ///< abbreviated
  std::string_view docker_api_min;  ///< oldest Docker Engine API that is spoken
  std::string_view docker_api_max;  ///< newest
};

Version version();

/// "pecanctl 0.1.0 (Docker API 1.41 to 1.47)".
std::string version_line();

}  // namespace pecanctl::cli
