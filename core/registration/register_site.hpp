// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/postgres/database.hpp"
#include "core/registration/ledger.hpp"
#include "core/registration/site.hpp"

namespace pecanctl::registration {

/// What Consul says of a site; nothing when nobody has claimed it.
/// @throws Error unreachable, denied, timeout. Cancelled.
std::optional<Claim> find_claim(consul::Client& client, SiteId site, const Deadline& deadline,
                                const std::stop_token& stop);

/// Looks at Consul and the database and says what would change; changes nothing.
/// @throws Error as choose_site, check_change; unreachable.
SitePlan look_at_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                      const Deadline& deadline, const std::stop_token& stop);

/// Claims a number in Consul, then writes the database in one transaction. When that fails the
/// claim is given back, unless it is unknown whether the database committed: repeating finds out.
/// Repeating after success changes nothing. Of two that want the same number one gets it; `auto`
/// then takes the next.
/// @throws Error as look_at_site; conflict.
SitePlan register_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                       const Deadline& deadline, const std::stop_token& stop);

/// What `release_site` would change. @throws Error as plan_release.
SitePlan look_at_release(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                         const Deadline& deadline, const std::stop_token& stop);

/// Gives the number back: first the database forgets it, then the claim goes. `kept` of the plan
/// names numbers that rows here still have.
SitePlan release_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                      const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::registration
