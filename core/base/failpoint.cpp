// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/failpoint.hpp"

#ifdef PECANCTL_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdlib>

namespace pecanctl {

void failpoint(std::string_view name)
{
  static std::atomic<int> hits{0};
  const char* const setting = std::getenv("PECANCTL_FAILPOINT");
  if (setting == nullptr) {
    return;
  }
  std::string_view wanted{setting};
  int hit = 1;
  if (const auto hash = wanted.find('#'); hash != std::string_view::npos) {
    std::from_chars(wanted.data() + hash + 1, wanted.data() + wanted.size(), hit);
    wanted = wanted.substr(0, hash);
  }
  if (wanted == name && ++hits == hit) {
    ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace pecanctl

#endif
