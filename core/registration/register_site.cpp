// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/register_site.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/registration/site_database.hpp"

namespace pecanctl::registration {
namespace {

using consul::Operation;

constexpr std::string_view k_sites = "pecan/sites/";
constexpr std::chrono::seconds k_short{5};

std::vector<Claim> list_claims(consul::Client& client, const Deadline& deadline,
                               const std::stop_token& stop)
{
  std::vector<Claim> claims;
  for (const auto& entry : client.list(k_sites, deadline, stop)) {
    const auto name = std::string_view{entry.key}.substr(k_sites.size());
    SiteId id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    if (error == std::errc{} && end == name.data() + name.size()) {
      claims.push_back(parse_claim(id, entry.value, entry.modify_index));
    }
  }
  return claims;
}

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

std::vector<Operation> removal_of(const Claim& claim)
{
  const auto key = claim_key(claim.id);
  return {{.kind = Operation::Kind::check_index, .key = key, .index = claim.index},
          {.kind = Operation::Kind::remove, .key = key}};
}

// Whether it is still there and ours to write is what Consul answers.
bool write_claim(const Ledger& ledger, const Claim& claim, const Deadline& deadline,
                 const std::stop_token& stop)
{
  return ledger.commit({{.kind = Operation::Kind::cas,
                         .key = claim_key(claim.id),
                         .value = render_claim(claim),
                         .index = claim.index}},
                       deadline, stop);
}

// A claim that was made for a database that then refused. Nobody but its owner writes it, so it is
// as we made it.
void take_claim_back(const Ledger& ledger, const Claim& claim) noexcept
{
  try {
    const auto deadline = Deadline::in(k_short);
    const auto present = ledger.client.find(claim_key(claim.id), deadline, {});
    if (present && parse_claim(claim.id, present->value, 0).owner == claim.owner) {
      auto mine = claim;
      mine.index = present->modify_index;
      ledger.commit(removal_of(mine), deadline, {});
    }
  } catch (const std::exception&) {
    return;  // it stays ours; the next `register site` goes on with it
  }
}

// While this lives, a claim just made is given back at the end of the scope.
class FreshClaim {
 public:
  FreshClaim(const Ledger& ledger, const std::optional<Claim>& claim) : ledger_{ledger}
  {
    if (claim && claim->index == 0) {
      claim_ = claim;
    }
  }

  FreshClaim(const FreshClaim&) = delete;
  FreshClaim& operator=(const FreshClaim&) = delete;

  ~FreshClaim()
  {
    if (claim_) {
      take_claim_back(ledger_, *claim_);
    }
  }

  void keep() { claim_.reset(); }

 private:
  const Ledger& ledger_;
  std::optional<Claim> claim_;
};

void give_back(const Ledger& ledger, const std::vector<Claim>& claims, const Deadline& deadline,
               const std::stop_token& stop)
{
  for (const auto& claim : claims) {
    if (!ledger.commit(removal_of(claim), deadline, stop)) {
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
