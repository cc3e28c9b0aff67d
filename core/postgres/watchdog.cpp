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

Watchdog::Watchdog(Endpoint endpoint, int pid, int socket, const Deadline& deadline,
                   std::stop_token stop)
    : endpoint_{std::move(endpoint)},
      pid_{pid},
      socket_{socket},
      deadline_{deadline},
      stop_{std::move(stop)},
      thread_{[this] { run(); }}
{
}

Watchdog::~Watchdog()
{
  const std::scoped_lock lock{mutex_};
  is_over_ = true;
  changed_.notify_all();
}

void Watchdog::set(Call call)
{
  const std::scoped_lock lock{mutex_};
  call_ = call;
  changed_.notify_all();
}

void Watchdog::run()
{
  std::unique_lock lock{mutex_};
  while (!is_over_ && !stop_.stop_requested() && !deadline_.is_over()) {
    const auto step = std::min<std::chrono::milliseconds>(deadline_.left(), std::chrono::hours{1});
    changed_.wait_for(lock, stop_, step, [this] { return is_over_; });
  }
  while (!is_over_) {
    changed_.wait(lock, [this] { return is_over_ || call_ != Call::none; });
    if (!is_over_) {
      end_call(lock);
    }
  }
}

void Watchdog::end_call(std::unique_lock<std::mutex>& lock)
{
  if (call_ == Call::statement) {
    lock.unlock();
    cancel_backend(endpoint_, pid_);
    lock.lock();
  }
  const auto has_returned = [this] { return is_over_ || call_ == Call::none; };
  if (!changed_.wait_for(lock, k_grace, has_returned)) {
    ::shutdown(socket_, SHUT_RDWR);
    changed_.wait(lock, has_returned);
  }
}

}  // namespace pecanctl::postgres
