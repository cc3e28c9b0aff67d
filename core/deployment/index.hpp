// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/consul/consul.hpp"
#include "core/deployment/lock.hpp"

namespace pecanctl::deployment {

/// How many workers a model has because somebody said so with `scale`.
struct RememberedScale {
  int replicas = 0;
  std::string by = {};
  std::string at = {};  ///< RFC 3339
};

/// What other machines need to know of an instance.
struct Publication {
  std::string owner = {};
  std::string file = {};
  std::string host = {};
  std::string ip = {};
  std::string release = {};
  int revision = 0;
  std::string by = {};
  std::string text = {};                              ///< of pecan.yml
  std::map<std::string, int> replicas = {};           ///< service → count
  std::map<std::string, std::string> endpoints = {};  ///< service → "127.0.0.1:port"
};

/// A revision that was deployed, as history keeps it.
struct PastRevision {
  int revision = 0;
  std::string at = {};  ///< RFC 3339
  std::string by = {};
  std::string release = {};
  std::string text = {};  ///< its pecan.yml
};

/// An instance's place in Consul: `pecan/instances/<name>/…` and `instance/<name>/ip`. Labels are
/// the truth; this is what other machines read. Every write is one transaction that checks that
/// this process still holds the instance (fencing): a holder that was suspended past its lease
/// cannot write.
class Index {
 public:
  using Connect = std::function<std::unique_ptr<consul::Client>()>;

  /// `claim` is what of the instance is held: all of it ("lock"), or one job that goes on for long
  /// beside other commands ("scaler").
  Index(Connect connect, std::string instance, std::string claim = "lock");
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  /// Claims the instance across machines for this process, and keeps the claim alive until the end
  /// of this object. A claim of a dead process of this host is taken over (the caller holds the
  /// InstanceLock); that of another machine ends within 20 s after its death.
  /// @throws Error conflict that names the holder.
  void acquire(const Holder& holder, const Deadline& deadline, const std::stop_token& stop);
  /// The same, and waits for the holder for as long as `wait` allows; says so when it waits.
  void acquire(const Holder& holder, std::chrono::milliseconds wait, Reporter& reporter,
               const Deadline& deadline, const std::stop_token& stop);

  std::map<std::string, RememberedScale> list_scales(const Deadline& deadline,
                                                     const std::stop_token& stop);
  /// Revisions whose pecan.yml is known, the oldest first.
  std::vector<PastRevision> list_history(const Deadline& deadline, const std::stop_token& stop);
  void remember_scales(const std::map<std::string, RememberedScale>& scales,
                       const Deadline& deadline, const std::stop_token& stop);
  /// Writes what differs from what is there; returns whether anything did.
  bool publish(const Publication& publication, const Deadline& deadline,
               const std::stop_token& stop);
  /// Commits `operations` (on keys of anybody) if the instance is still ours. False when one of
  /// them said no: somebody else was first.
  /// @throws Error conflict when the claim on the instance is lost.
  bool try_commit(std::vector<consul::Operation> operations, const Deadline& deadline,
                  const std::stop_token& stop);

  consul::Client& client() { return *client_; }

  /// Removes every key of the instance. The claim goes with them.
  void remove(const Deadline& deadline, const std::stop_token& stop);

 private:
  std::string key(std::string_view rest) const;
  void commit(std::vector<consul::Operation> operations, const Deadline& deadline,
              const std::stop_token& stop);
  /// Whether it is ours now; else who holds it, in words.
  std::optional<std::string> try_acquire(const Holder& holder, const Deadline& deadline,
                                         const std::stop_token& stop);
  std::string session_prefix(const Holder& holder) const;
  Error explain_conflict(const std::string& held) const;
  Error explain_lost_claim() const;
  void end_sessions_of_dead(const Holder& holder, const Deadline& deadline,
                            const std::stop_token& stop);
  void release() noexcept;

  Connect connect_;
  std::unique_ptr<consul::Client> client_;
  std::string instance_;
  std::string claim_;
  std::string session_;
  std::jthread renewal_;
};

}  // namespace pecanctl::deployment
