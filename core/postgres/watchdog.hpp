// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"

// Private to this folder.
namespace pecanctl::postgres {

/// Ends blocking calls of libpqxx when the deadline is over or a stop is requested: cancels the
/// statement on the server, and when that does not help (the server hangs) shuts the socket down,
/// so that the call fails.
class Watchdog {
 public:
  /// `pid` and `socket` are the session's; they outlive this.
  Watchdog(Endpoint endpoint, int pid, int socket, const Deadline& deadline, std::stop_token stop);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// What is being watched. The end of a transaction is not cancelled, only cut off when it hangs.
  enum class Call { none, statement, ending };

  /// Marks a call for its scope.
  class Scope {
   public:
    Scope(Watchdog& watchdog, Call call) : watchdog_{watchdog} { watchdog_.set(call); }

    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    ~Scope() { watchdog_.set(Call::none); }

   private:
    Watchdog& watchdog_;
  };

 private:
  void set(Call call);
  void run();
  void end_call(std::unique_lock<std::mutex>& lock);

  const Endpoint endpoint_;
  const int pid_;
  const int socket_;
  const Deadline deadline_;
  const std::stop_token stop_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  Call call_ = Call::none;
  bool is_over_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace pecanctl::postgres
