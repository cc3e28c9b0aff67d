// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string_view>

#include <fmt/format.h>

namespace pecanctl::cli {
namespace {

sigset_t watched_signals()
{
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

// Never waits: the second signal ends the process even when the terminal takes no more (Ctrl-S).
void say(std::string_view text)
{
  pollfd output{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&output, 1, 0) <= 0 || (output.revents & POLLOUT) == 0) {
    return;
  }
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) {
    return;  // nobody listens; the stop request stands
  }
}

}  // namespace

Signals::Signals()
{
  const auto set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  waiter_ = std::thread{[this] { wait_for_signals(); }};
}

Signals::~Signals()
{
  ::pthread_kill(waiter_.native_handle(), SIGUSR2);  // ours alone: ends the wait
  waiter_.join();
}

void Signals::wait_for_signals()
{
  const auto set = watched_signals();
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0 || signal == SIGUSR2) {
      return;
    }
    if (received_.exchange(signal) != 0) {
      say(::isatty(STDERR_FILENO) == 1 ? "\x1b[?25h\n" : "\n");
      ::_exit(128 + signal);
    }
    if (!others_say_it_) {
      say(fmt::format("\n{}\n", k_word));
    }
    source_.request_stop();
  }
}

}  // namespace pecanctl::cli
