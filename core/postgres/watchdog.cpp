// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/watchdog.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/postgres/link.hpp"

namespace pecanctl::postgres {
namespace {

/// How long a cancelled call may take to return before its socket is shut down.
constexpr std::chrono::seconds k_grace{2};

}  // namespace

Watchdog::Watch::Watch(Watchdog& watchdog, const Deadline& deadline, std::stop_token stop)
    : watchdog_{watchdog}
{
  const std::scoped_lock lock{watchdog_.mutex_};
  watchdog_.limits_.emplace(Limits{.deadline = deadline, .stop = std::move(stop)});
  ++watchdog_.watch_;
  watchdog_.changed_.notify_all();
}

Watchdog::Watch::~Watch()
{
  std::unique_lock lock{watchdog_.mutex_};
  watchdog_.limits_.reset();
  ++watchdog_.watch_;
  watchdog_.changed_.notify_all();
  watchdog_.changed_.wait(lock, [this] { return !watchdog_.is_cancelling_; });
}

Watchdog::Watchdog(Endpoint endpoint, int pid, int socket)
    : endpoint_{std::move(endpoint)},
      pid_{pid},
      socket_{socket},
      thread_{[this] { run(); }}
{
}

Watchdog::~Watchdog()
{
  const std::scoped_lock lock{mutex_};
  is_over_ = true;
  changed_.notify_all();
}

// Nobody is woken before the limits are reached: calls are many and short.
void Watchdog::set(Call call)
{
  const std::scoped_lock lock{mutex_};
  call_ = call;
  if (is_due_) {
    changed_.notify_all();
  }
}

void Watchdog::run()
{
  std::unique_lock lock{mutex_};
  while (!is_over_) {
    changed_.wait(lock, [this] { return is_over_ || limits_.has_value(); });
    if (!is_over_) {
      watch(lock);
    }
  }
}

// Until the limits are lifted.
void Watchdog::watch(std::unique_lock<std::mutex>& lock)
{
  const auto watch = watch_;
  const auto [deadline, stop] = *limits_;
  while (!is_lifted(watch) && !stop.stop_requested() && !deadline.is_over()) {
    const auto step = std::min<std::chrono::milliseconds>(deadline.left(), std::chrono::hours{1});
    changed_.wait_for(lock, stop, step, [&] { return is_lifted(watch); });
  }
  is_due_ = true;
  while (!is_lifted(watch)) {
    changed_.wait(lock, [&] { return is_lifted(watch) || call_ != Call::none; });
    if (!is_lifted(watch)) {
      end_call(lock, watch);
    }
  }
  is_due_ = false;
}

void Watchdog::end_call(std::unique_lock<std::mutex>& lock, std::uint64_t watch)
{
  if (call_ == Call::statement) {
    is_cancelling_ = true;
    lock.unlock();
    cancel_backend(endpoint_, pid_);
    lock.lock();
    is_cancelling_ = false;
    changed_.notify_all();
  }
  const auto has_returned = [&] { return is_lifted(watch) || call_ == Call::none; };
  if (!changed_.wait_for(lock, k_grace, has_returned)) {
    ::shutdown(socket_, SHUT_RDWR);
    changed_.wait(lock, has_returned);
  }
}

}  // namespace pecanctl::postgres
