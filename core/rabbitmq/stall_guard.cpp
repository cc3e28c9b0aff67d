// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/stall_guard.hpp"

#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace pecanctl::rabbitmq {
namespace {

void watch(const std::stop_token& done, int socket, const Deadline& deadline,
           const std::stop_token& stop)
{
  using std::chrono::milliseconds;
  constexpr milliseconds k_period{100};
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  int overdue = 0;  // ticks
  while (overdue < 3) {
    wake.wait_for(lock, done, k_period, [] { return false; });
    if (done.stop_requested()) {
      return;
    }
    overdue += stop.stop_requested() || deadline.is_over() ? 1 : 0;
  }
  ::shutdown(socket, SHUT_RDWR);
}

}  // namespace

StallGuard::StallGuard(int socket, const Deadline& deadline, std::stop_token stop)
    : thread_{[socket, deadline, stop = std::move(stop)](const std::stop_token& done) {
        watch(done, socket, deadline, stop);
      }}
{
}

}  // namespace pecanctl::rabbitmq
