// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/registration/ledger.hpp"
#include "core/registration/site.hpp"

/// The claims on site numbers, as they stand in Consul.
namespace pecanctl::registration {

std::vector<Claim> list_claims(consul::Client& client, const Deadline& deadline,
                               const std::stop_token& stop);

/// Writes `claim` in the place of the one with its index (0: only when there is none). False when
/// somebody was first.
bool write_claim(const Ledger& ledger, const Claim& claim, const Deadline& deadline,
                 const std::stop_token& stop);

/// Removes `claim` if it is still the one with its index. False when it changed meanwhile.
bool remove_claim(const Ledger& ledger, const Claim& claim, const Deadline& deadline,
                  const std::stop_token& stop);

/// While this lives, a claim just made is given back at the end of the scope.
class FreshClaim {
 public:
  /// One that replaced another (its index is not 0) stays in any case.
  FreshClaim(const Ledger& ledger, const std::optional<Claim>& claim);
  FreshClaim(const FreshClaim&) = delete;
  FreshClaim& operator=(const FreshClaim&) = delete;
  ~FreshClaim();

  void keep() { claim_.reset(); }

 private:
  const Ledger& ledger_;
  std::optional<Claim> claim_;
};

}  // namespace pecanctl::registration
