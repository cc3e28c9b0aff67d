// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/event_set.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"

namespace pecanctl::worker {

SignalQueue::SignalQueue()
{
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) {
    ::sigaddset(&wanted, signal);
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  fd_ = Fd{::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (!fd_) {
    throw system_error("cannot receive signals", errno);
  }
}

std::optional<int> SignalQueue::take()
{
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

EventSet::EventSet() : fd_{::epoll_create1(EPOLL_CLOEXEC)}
{
  if (!fd_) {
    throw system_error("cannot wait for events", errno);
  }
}

void EventSet::add(int fd)
{
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw system_error("cannot wait for events", errno);
  }
}

void EventSet::wait(int timeout_ms) const
{
  pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  ::poll(&entry, 1, timeout_ms);
}

}  // namespace pecanctl::worker
