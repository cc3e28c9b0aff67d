// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"

namespace pecanctl {

/// Takes known secrets out of text that may repeat them: logs, reports, the words of a server. Also
/// as they stand in a URL (percent-encoded). A secret of fewer than 6 letters is left alone: it
/// guards nothing, and would take ordinary words out of every text. Thread-safe.
class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(const std::vector<Secret>& secrets);

  /// From now on `secret` goes too.
  void add(const Secret& secret);

  /// `text` with each secret replaced by "***".
  std::string redact(std::string_view text) const;

  /// How many bytes the longest secret has: what a caller who cuts text into pieces must hold back.
  std::size_t longest() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Secret> words_;  // longest first: one may be part of another
};

/// Passwords in URLs of `text` ("scheme://user:password@host") replaced by "***".
std::string redact_urls(std::string_view text);

/// What `text` calls a password, token or key ("password: x", "TOKEN=x") replaced by "***".
std::string redact_named(std::string_view text);

}  // namespace pecanctl
