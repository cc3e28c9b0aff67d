// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/base/secret.hpp"

namespace pecanctl::cli::output {

/// Takes secrets out of what is shown: foreign text (the log of a container that failed, the words
/// of a server) may repeat a password that it was given. Thread-safe.
class Redactor {
 public:
  /// From now on `secret` is shown as "***", as it is and percent-encoded. One of less than 6
  /// letters is left alone: it guards nothing, and would take ordinary words out of every text.
  void add(const Secret& secret);

  std::string apply(std::string text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> hidden_;  ///< longest first
};

}  // namespace pecanctl::cli::output
