// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"

// Private to this folder.
namespace pecanctl::postgres {

/// Ends blocking calls of libpqxx when the deadline is over or a stop is requested: cancels the
/// statement on the server, and when that does not help (the server hangs) shuts the socket down,
/// so that the call fails. One thread for the whole session.
class Watchdog {
 public:
  /// `pid` and `socket` are the session's; they outlive this.
  Watchdog(Endpoint endpoint, int pid, int socket);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// What is being watched. The end of a transaction is not cancelled, only cut off when it hangs.
  enum class Call { none, statement, ending };

  /// The limits of the calls in its scope; one at a time. Its end waits for a cancellation that is
  /// under way: it must not hit what comes next.
  class Watch {
   public:
    Watch(Watchdog& watchdog, const Deadline& deadline, std::stop_token stop);
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();

   private:
    Watchdog& watchdog_;
  };

  /// Marks a call for its scope, within that of a Watch.
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
  struct Limits {
    Deadline deadline;
    std::stop_token stop;
  };

  void set(Call call);
  void run();
  void watch(std::unique_lock<std::mutex>& lock);
  void end_call(std::unique_lock<std::mutex>& lock, std::uint64_t watch);

  bool is_lifted(std::uint64_t watch) const { return is_over_ || watch_ != watch; }

  const Endpoint endpoint_;
  const int pid_;
  const int socket_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Limits> limits_;
  std::uint64_t watch_ = 0;  ///< counts limits that were set or lifted
  Call call_ = Call::none;
  bool is_due_ = false;  ///< the limits are reached: calls are to be ended
  bool is_cancelling_ = false;
  bool is_over_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace pecanctl::postgres
