// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/failpoint.hpp"

#if PECANCTL_FAILPOINTS

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

namespace pecanctl {
namespace {

struct Disturbance {
  std::string_view name;
  int hit = 1;
  std::string_view kind = "kill";
};

int number_of(std::string_view text, int fallback)
{
  int number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Disturbance parse_disturbance(std::string_view text)
{
  Disturbance wanted;
  if (const auto equals = text.find('='); equals != std::string_view::npos) {
    wanted.kind = text.substr(equals + 1);
    text = text.substr(0, equals);
  }
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    wanted.hit = number_of(text.substr(hash + 1), 1);
    text = text.substr(0, hash);
  }
  wanted.name = text;
  return wanted;
}

void disturb(const Disturbance& wanted)
{
  constexpr std::string_view k_stall = "stall:";
  if (wanted.kind.starts_with(k_stall)) {
    const auto line = "failpoint " + std::string{wanted.name} + "\n";
    [[maybe_unused]] const auto said = ::write(STDERR_FILENO, line.data(), line.size());
    std::this_thread::sleep_for(
        std::chrono::milliseconds{number_of(wanted.kind.substr(k_stall.size()), 0)});
  } else if (wanted.kind == "throw") {
    throw std::logic_error{"failpoint " + std::string{wanted.name}};
  } else {
    ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace

void failpoint(std::string_view name)
{
  static std::atomic<int> hits{0};
  const char* const setting = std::getenv("PECANCTL_FAILPOINT");
  if (setting == nullptr) {
    return;
  }
  const auto wanted = parse_disturbance(setting);
  if (wanted.name == name && ++hits == wanted.hit) {
    disturb(wanted);
  }
}

}  // namespace pecanctl

#else

void pecanctl::failpoint(std::string_view /*name*/) {}

#endif
