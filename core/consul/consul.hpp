// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::consul {

struct Entry {
  std::string key;
  std::string value;
  std::uint64_t modify_index = 0;
  std::string session;  ///< who holds it as a lock, or empty
};

/// One step of a transaction. Source: Consul API v1, PUT /txn.
struct Operation {
  enum class Kind {
    set,            ///< whatever is there
    cas,            ///< only when the key's ModifyIndex is `index` (0: only when it does not exist)
    remove,         ///< gone already is success
    remove_tree,    ///< every key below the prefix `key`
    check_index,    ///< fails the transaction unless ModifyIndex is `index`
    check_session,  ///< fails the transaction unless `session` holds `key`
    lock,
    unlock,
  };
  Kind kind = Kind::set;
  std::string key = {};
  std::string value = {};
  std::uint64_t index = 0;
  std::string session = {};
};

struct Session {
  std::string id;
  std::string name;
  std::string node;
};

struct ServiceCheck {
  std::string http;  ///< URL; or
  std::string tcp;   ///< host:port
  std::chrono::seconds interval{10};
  std::chrono::seconds deregister_after{60};
};

struct ServiceRegistration {
  std::string id;
  std::string name;
  std::string address;
  int port = 0;
  std::vector<std::string> tags;
  std::map<std::string, std::string> meta;
  std::optional<ServiceCheck> check;
};

/// Consul's HTTP API v1: K/V, transactions, sessions, catalogue. Reads are `consistent`.
/// Errors: unreachable, denied (403), timeout, failed (500: no leader counts as unreachable);
/// Cancelled.
class Client {
 public:
  explicit Client(std::unique_ptr<http::Transport> transport);

  /// Whether there is a leader (the health that everything else here needs).
  bool has_leader(const Deadline& deadline, std::stop_token stop);

  std::optional<Entry> find(std::string_view key, const Deadline& deadline, std::stop_token stop);
  /// Every key below `prefix`, sorted by key.
  std::vector<Entry> list(std::string_view prefix, const Deadline& deadline, std::stop_token stop);
  /// All of it or nothing; false when a check, a cas or a lock said no. At most 64 operations.
  bool commit(std::span<const Operation> operations, const Deadline& deadline,
              std::stop_token stop);

  /// `ttl` is 10 s to 24 h; the session ends within twice that when not renewed. Its locks are
  /// released then, without lock delay.
  std::string create_session(std::string_view name, std::chrono::seconds ttl,
                             const Deadline& deadline, std::stop_token stop);
  /// False when it is gone.
  bool renew_session(std::string_view id, const Deadline& deadline, std::stop_token stop);
  bool remove_session(std::string_view id, const Deadline& deadline, std::stop_token stop);
  std::vector<Session> list_sessions(const Deadline& deadline, std::stop_token stop);

  void register_service(const ServiceRegistration& service, const Deadline& deadline,
                        std::stop_token stop);
  bool deregister_service(std::string_view id, const Deadline& deadline, std::stop_token stop);
  /// Ids of the services registered with this agent.
  std::vector<std::string> list_service_ids(const Deadline& deadline, std::stop_token stop);

 private:
  /// 2xx and the status `accepted` are answers; all else throws.
  http::Response call(const http::Request& request, int accepted, const Deadline& deadline,
                      std::stop_token stop);

  std::unique_ptr<http::Transport> transport_;
};

}  // namespace pecanctl::consul
