// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/admit_host.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/registration/claim_store.hpp"
#include "core/registration/site_database.hpp"

namespace pecanctl::registration {
namespace {

// As the original says it: its clients may look for the words.
[[noreturn]] void refuse_secret(const std::string& why)
{
  throw Error{{.code = ErrorCode::denied, .what = "Invalid client_sceret", .why = why}};
}

// The number of a host that is known, if it is.
std::optional<Admission> find_known(const HostRequest& request, const SitePicture& picture)
{
  for (const auto& claim : picture.claims) {
    if (claim.fqdn != request.host) {
      continue;
    }
    if (claim.secret.empty()) {
      refuse_secret(fmt::format("{} registered as site {} by itself", claim.fqdn, claim.id));
    }
    if (!is_same_secret(Secret{claim.secret}, sha256_hex(request.secret.reveal()))) {
      refuse_secret(fmt::format("{} is site {}, and was given another one", claim.fqdn, claim.id));
    }
    return Admission{.id = claim.id, .secret = request.secret};
  }
  for (const auto& row : picture.machines) {
    if (row.hostname == request.host && row.site) {
      refuse_secret(
          fmt::format("{} is site {} in BETY's machines already", row.hostname, *row.site));
    }
  }
  return std::nullopt;
}

SitePlan plan_admission(const HostRequest& request, const SitePicture& picture,
                        const Secret& secret)
{
  const SiteWish wish{.owner = random_uuid(), .instance = "web/setups", .host = request.host};
  const auto choice = choose_site(wish, picture);
  // The sequences of this database are of another site: they stay.
  auto plan = plan_site(wish, picture, choice, {}, format_time(std::chrono::system_clock::now()));
  plan.claim->secret = sha256_hex(secret.reveal());
  return plan;
}

}  // namespace

Admission admit_host(const HostRequest& request, const Ledger& ledger, postgres::Database& database,
                     const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  require_tables(*transaction);
  transaction->execute("LOCK TABLE public.machines IN SHARE ROW EXCLUSIVE MODE");
  const auto secret = random_secret();
  for (;;) {
    const SitePicture picture{.claims = list_claims(ledger.client, deadline, stop),
                              .machines = list_machines(*transaction, request.host)};
    if (const auto known = find_known(request, picture)) {
      return *known;
    }
    const auto plan = plan_admission(request, picture, secret);
    if (!write_claim(ledger, *plan.claim, deadline, stop)) {
      deadline.check("for a free site number");  // somebody was first: look again
      check_stop(stop);
      continue;
    }
    FreshClaim claim{ledger, plan.claim};
    failpoint("admit.claimed");
    write_site(*transaction, plan);
    claim.keep();  // from here on the number may be in the database
    transaction->commit();
    return {.id = plan.choice.id, .secret = secret, .is_new = true};
  }
}

}  // namespace pecanctl::registration
