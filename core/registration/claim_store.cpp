// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/claim_store.hpp"

#include <charconv>
#include <chrono>
#include <string_view>

namespace pecanctl::registration {
namespace {

using consul::Operation;

constexpr std::string_view k_sites = "pecan/sites/";
constexpr std::chrono::seconds k_short{5};

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
      remove_claim(ledger, mine, deadline, {});
    }
  } catch (const std::exception&) {
    return;  // it stays ours; the next `register site` goes on with it
  }
}

}  // namespace

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

bool remove_claim(const Ledger& ledger, const Claim& claim, const Deadline& deadline,
                  const std::stop_token& stop)
{
  const auto key = claim_key(claim.id);
  return ledger.commit({{.kind = Operation::Kind::check_index, .key = key, .index = claim.index},
                        {.kind = Operation::Kind::remove, .key = key}},
                       deadline, stop);
}

FreshClaim::FreshClaim(const Ledger& ledger, const std::optional<Claim>& claim) : ledger_{ledger}
{
  if (claim && claim->index == 0) {
    claim_ = claim;
  }
}

FreshClaim::~FreshClaim()
{
  if (claim_) {
    take_claim_back(ledger_, *claim_);
  }
}

}  // namespace pecanctl::registration
