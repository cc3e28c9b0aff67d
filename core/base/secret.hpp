// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace pecanctl {

/// Text that must not be printed: there is no operator<<, no fmt formatter, and no conversion.
/// Whoever needs the text says so with `reveal()`.
class Secret {
 public:
  Secret() = default;

  explicit Secret(std::string text) : text_{std::move(text)} {}

  const std::string& reveal() const { return text_; }

  bool is_empty() const { return text_.empty(); }

  bool operator==(const Secret&) const = default;

 private:
  std::string text_;
};

/// `bytes` random bytes from the kernel, as base64url without padding (safe in URLs, YAML and
/// shells).
Secret random_secret(std::size_t bytes = 32);

/// A random (version 4) UUID, lower case. Source: RFC 9562.
std::string random_uuid();

/// SHA-256 of `text`, 64 hex digits.
std::string sha256_hex(std::string_view text);

/// Tells whether two secrets are the same without showing either: HMAC-SHA-256 of `secret` keyed by
/// `salt`, first 16 hex digits. Goes into labels and plans.
std::string salted_digest(const Secret& secret, std::string_view salt);

/// Whether `text` is the secret, in a time that does not tell how much of it is right. Never for an
/// empty secret.
bool is_same_secret(const Secret& secret, std::string_view text);

/// `url` with the password of its user part replaced by "***".
std::string redact_url(std::string_view url);

}  // namespace pecanctl
