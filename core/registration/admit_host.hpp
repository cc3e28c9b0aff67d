// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/secret.hpp"
#include "core/postgres/database.hpp"
#include "core/registration/ledger.hpp"
#include "core/registration/site.hpp"

namespace pecanctl::registration {

/// A host that asks for a site number, over the protocol of PEcAn's web/setups of 2017.
struct HostRequest {
  std::string host = {};  ///< its name, which BETY's machines takes
  Secret secret = {};     ///< what it was given the first time; empty: it has none
};

/// What it gets.
struct Admission {
  SiteId id = 0;
  Secret secret = {};   ///< to be shown the next time; kept here as a digest only
  bool is_new = false;  ///< the number was claimed just now
};

/// Gives `request.host` the lowest free number from k_first_automatic: claims it in Consul with the
/// create-only write of register_site, then enters it in BETY's `machines` in one transaction. A
/// host that is known gets its number again when it shows its secret.
/// @throws Error denied: known, and the secret is not its own, or it never got one; unreachable
Admission admit_host(const HostRequest& request, const Ledger& ledger, postgres::Database& database,
                     const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::registration
