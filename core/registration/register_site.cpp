// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/register_site.hpp"

#include <chrono>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/registration/claim_store.hpp"
#include "core/registration/site_database.hpp"

namespace pecanctl::registration {
namespace {

SitePicture look(const SiteWish& wish, const Ledger& ledger, postgres::Transaction& transaction,
                 const Deadline& deadline, const std::stop_token& stop)
{
  return {.claims = list_claims(ledger.client, deadline, stop),
          .machines = list_machines(transaction, wish.host)};
}

SitePlan plan_in(const SiteWish& wish, SitePicture picture, postgres::Transaction& transaction)
{
  auto sequences = list_sequences(transaction);
  picture.numbered = find_numbered(sequences);
  const auto choice = choose_site(wish, picture);
  for (const auto site : list_given_up(wish, picture, choice)) {
    picture.rows.emplace(site, count_rows(transaction, site, wish.host, sequences));
  }
  check_change(wish, picture, choice);
  look_at_range(transaction, range_of(choice.id), sequences);
  return plan_site(wish, picture, choice, sequences, format_time(std::chrono::system_clock::now()));
}

void give_back(const Ledger& ledger, const std::vector<Claim>& claims, const Deadline& deadline,
               const std::stop_token& stop)
{
  for (const auto& claim : claims) {
    if (!remove_claim(ledger, claim, deadline, stop)) {
      throw Error{{.code = ErrorCode::partial,
                   .what = fmt::format("cannot give back site {}", claim.id),
                   .why = "its entry in Consul changed meanwhile",
                   .hint = "repeat the command"}};
    }
  }
}

// The plan, with its claim written: others who want the number see it from here on.
SitePlan claim_number(const SiteWish& wish, const Ledger& ledger,
                      postgres::Transaction& transaction, const Deadline& deadline,
                      const std::stop_token& stop)
{
  for (;;) {
    auto plan = plan_in(wish, look(wish, ledger, transaction, deadline, stop), transaction);
    if (!plan.claim || write_claim(ledger, *plan.claim, deadline, stop)) {
      return plan;
    }
    deadline.check("for a free site number");  // somebody was first: look again
    check_stop(stop);
  }
}

}  // namespace

std::optional<Claim> find_claim(consul::Client& client, SiteId site, const Deadline& deadline,
                                const std::stop_token& stop)
{
  const auto entry = client.find(claim_key(site), deadline, stop);
  return entry ? std::optional{parse_claim(site, entry->value, entry->modify_index)} : std::nullopt;
}

SitePlan look_at_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                      const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  require_tables(*transaction);
  return plan_in(wish, look(wish, ledger, *transaction, deadline, stop), *transaction);
}

SitePlan register_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                       const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  require_tables(*transaction);
  // Nobody else registers in this database until we are done.
  transaction->execute("LOCK TABLE public.machines IN SHARE ROW EXCLUSIVE MODE");
  auto plan = claim_number(wish, ledger, *transaction, deadline, stop);
  FreshClaim claim{ledger, plan.claim};
  failpoint("register.claimed");
  write_site(*transaction, plan);
  failpoint("register.written");
  check_stop(stop);
  claim.keep();  // from here on the number may be in the database
  transaction->commit();
  failpoint("register.committed");
  give_back(ledger, plan.given_back, deadline, stop);
  return plan;
}

SitePlan look_at_release(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                         const Deadline& deadline, const std::stop_token& stop)
{
  const auto transaction = database.begin(deadline, stop);
  require_tables(*transaction);
  auto plan = plan_release(wish, look(wish, ledger, *transaction, deadline, stop));
  if (plan.is_empty()) {
    return plan;
  }
  const auto sequences = list_sequences(*transaction);
  for (const auto& claim : plan.given_back) {
    if (!count_rows(*transaction, claim.id, wish.host, sequences).empty()) {
      plan.kept.push_back(claim.id);
    }
  }
  return plan;
}

SitePlan release_site(const SiteWish& wish, const Ledger& ledger, postgres::Database& database,
                      const Deadline& deadline, const std::stop_token& stop)
{
  auto plan = look_at_release(wish, ledger, database, deadline, stop);
  if (!plan.cleared.empty()) {
    const auto transaction = database.begin(deadline, stop);
    write_site(*transaction, plan);
    transaction->commit();
  }
  failpoint("release.cleared");
  give_back(ledger, plan.given_back, deadline, stop);
  return plan;
}

}  // namespace pecanctl::registration
