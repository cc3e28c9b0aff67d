// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "core/scaling/record.hpp"

namespace pecanctl::cli {

/// How the agent fares: written by its duties, read by whoever asks. Thread-safe.
class Health {
 public:
  /// A duty of an instance did its work.
  void succeed(const std::string& instance, const std::string& duty);
  /// It could not; it will try again. Returns whether that is news.
  bool fail(const std::string& instance, const std::string& duty, const std::string& why);
  /// It goes by another name from now on.
  void forget(const std::string& instance, const std::string& duty);
  /// What the scaler decided.
  void decide(const std::string& instance, std::span<const scaling::Row> rows);
  /// A deployment request ended so ("deployed", "failed", "rejected").
  void count_request(const std::string& instance, const std::string& state);

  bool is_fine() const;
  /// One JSON object: the duties, when each last worked, and why not since.
  std::string render_health() const;
  /// Prometheus' text format, version 0.0.4.
  std::string render_metrics() const;

 private:
  struct Duty {
    std::string error = {};
    std::string at = {};  ///< RFC 3339, when it last worked
    std::uint64_t passes = 0;
    std::uint64_t failures = 0;
  };

  using Key = std::pair<std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, Duty> duties_;
  std::map<Key, scaling::Row> models_;                              // by instance and model
  std::map<std::pair<Key, std::string>, std::uint64_t> decisions_;  // and verdict
  std::map<Key, std::uint64_t> requests_;                           // by instance and state
};

}  // namespace pecanctl::cli
