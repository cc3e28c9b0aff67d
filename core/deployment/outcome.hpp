// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/base/error.hpp"

namespace pecanctl::deployment {

/// What an apply did and what it could not do.
class Outcome {
 public:
  void count(int changes) { changes_ += changes; }

  bool has_changed() const { return changes_ > 0; }

  /// `name` (a container or a task) of `service` failed.
  void fail(const std::string& service, const std::string& name, const Error& error);

  /// `service` was not tried, because of another one.
  void block(const std::string& service) { failed_.insert(service); }

  bool has_failed() const { return !failures_.empty(); }

  /// Whether `service` is not what was wanted.
  bool has_failed(const std::string& service) const { return failed_.contains(service); }

  /// How many changes there were. @throws Error with all failures listed: timeout or unreachable
  /// when all of them are that, else partial when something changed, else the first one's code.
  int finish() const;

 private:
  std::map<std::string, Error> failures_;
  std::set<std::string> failed_;
  int changes_ = 0;
};

}  // namespace pecanctl::deployment
