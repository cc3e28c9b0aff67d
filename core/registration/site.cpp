// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/site.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::registration {
namespace {

constexpr std::int64_t k_range_size = 1'000'000'000;

bool is_mine(const Claim& claim, const SiteWish& wish)
{
  return claim.owner == wish.owner || (wish.takes_over && claim.fqdn == wish.host);
}

const Claim* find_claim(const SitePicture& picture, SiteId site)
{
  const auto found = std::ranges::find(picture.claims, site, &Claim::id);
  return found == picture.claims.end() ? nullptr : &*found;
}

const MachineRow* find_row(const SitePicture& picture, const SiteWish& wish)
{
  const auto found = std::ranges::find(picture.machines, wish.host, &MachineRow::hostname);
  return found == picture.machines.end() ? nullptr : &*found;
}

// A row of another host name that has the number, unless it is this site's from before it was
// renamed.
const MachineRow* find_other_row(const SitePicture& picture, const SiteWish& wish, SiteId site)
{
  const auto* claim = find_claim(picture, site);
  const auto found = std::ranges::find_if(picture.machines, [&](const MachineRow& row) {
    const bool was_ours = claim != nullptr && is_mine(*claim, wish) && claim->fqdn == row.hostname;
    return row.site == site && row.hostname != wish.host && !was_ours;
  });
  return found == picture.machines.end() ? nullptr : &*found;
}

// Who has the number, in words; empty when nobody else does.
std::string find_holder(const SitePicture& picture, const SiteWish& wish, SiteId site)
{
  if (const auto* claim = find_claim(picture, site); claim != nullptr && !is_mine(*claim, wish)) {
    return describe(*claim);
  }
  if (const auto* row = find_other_row(picture, wish, site)) {
    return fmt::format("{}{} (table machines of this database)", row->hostname,
                       row->contact.empty() ? "" : ", contact " + row->contact);
  }
  return {};
}

// The same host under another identity: a site that was made anew, or a second instance of one
// machine.
void refuse_taken_host(const SitePicture& picture, const SiteWish& wish)
{
  for (const auto& claim : picture.claims) {
    if (!is_mine(claim, wish) && claim.fqdn == wish.host) {
      throw Error{
          {.code = ErrorCode::conflict,
           .what = fmt::format("cannot register host {}", wish.host),
           .why = fmt::format("it is site {} already: {}, of another identity ({})", claim.id,
                              describe(claim), claim.owner),
           .hint =
               "give this instance a name of its own (`http: {host: …}` in pecan.yml); if it is "
               "that site, made anew, repeat with --take-over",
           .has_changed_nothing = true}};
    }
  }
}

std::optional<SiteId> find_old(const SitePicture& picture, const SiteWish& wish)
{
  const auto* row = find_row(picture, wish);
  if (row != nullptr && row->site && find_holder(picture, wish, *row->site).empty()) {
    return row->site;
  }
  for (const auto& claim : picture.claims) {
    if (is_mine(claim, wish)) {
      return claim.id;
    }
  }
  const bool means_something =
      picture.numbered && *picture.numbered != 0 && !is_reserved(*picture.numbered);
  return means_something ? picture.numbered : std::nullopt;
}

bool has_registered(const SitePicture& picture, const SiteWish& wish, SiteId site)
{
  const auto* claim = find_claim(picture, site);
  const auto* row = find_row(picture, wish);
  return (claim != nullptr && is_mine(*claim, wish)) || (row != nullptr && row->site == site);
}

Claim wanted_claim(const SiteWish& wish, const Claim* present, SiteId site, const std::string& now)
{
  Claim claim = present != nullptr ? *present : Claim{.id = site, .since = now};
  claim.owner = wish.owner;
  claim.instance = wish.instance;
  claim.fqdn = wish.host;
  claim.url = wish.url.empty() ? claim.url : wish.url;
  claim.contact = wish.contact.empty() ? claim.contact : wish.contact;
  if (!claim.key.empty() && claim.key != wish.key) {
    claim.previous_key = claim.key;
  }
  claim.key = wish.key;
  return claim;
}

MachineRow wanted_row(const SiteWish& wish, const Claim& claim, const MachineRow* present)
{
  MachineRow row = present != nullptr ? *present : MachineRow{.hostname = wish.host};
  const auto range = range_of(claim.id);
  row.site = claim.id;
  row.url = claim.url.empty() ? row.url : claim.url;
  row.contact = claim.contact.empty() ? row.contact : claim.contact;
  row.first = range.first;
  row.last = range.last;
  return row;
}

MachineRow without_site(MachineRow row)
{
  row.site.reset();
  row.url.clear();
  row.contact.clear();
  row.first.reset();
  row.last.reset();
  return row;
}

bool has_rows(const SitePicture& picture, SiteId site)
{
  const auto found = picture.rows.find(site);
  return found != picture.rows.end() && !found->second.empty();
}

void plan_other_numbers(const SiteWish& wish, const SitePicture& picture, SitePlan& plan)
{
  for (const auto& claim : picture.claims) {
    if (claim.id == plan.choice.id || !is_mine(claim, wish)) {
      continue;
    }
    if (has_rows(picture, claim.id)) {
      plan.kept.push_back(claim.id);
    } else {
      plan.given_back.push_back(claim);
    }
  }
  for (const auto& row : picture.machines) {
    const auto* claim = row.site ? find_claim(picture, *row.site) : nullptr;
    const bool was_ours = claim != nullptr && is_mine(*claim, wish) && claim->fqdn == row.hostname;
    if (was_ours && row.hostname != wish.host) {
      plan.cleared.push_back(without_site(row));
    }
  }
}

std::string list_rows(const std::map<std::string, std::int64_t>& rows)
{
  std::string text;
  for (const auto& [table, count] : rows) {
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", count, table);
  }
  return text;
}

}  // namespace

IdRange range_of(SiteId site)
{
  return {.first = site * k_range_size + 1, .last = site * k_range_size + (k_range_size - 1)};
}

SiteId site_of(std::int64_t row_id)
{
  return row_id / k_range_size;
}

bool is_reserved(SiteId site)
{
  return site == 98 || site == 99;
}

SiteChoice choose_site(const SiteWish& wish, const SitePicture& picture)
{
  if (wish.id && is_reserved(*wish.id)) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot register as site {}", *wish.id),
                 .why = "98 and 99 are reserved: every container and virtual machine of PEcAn that "
                        "is no site has them",
                 .hint = "--id auto takes a free one",
                 .has_changed_nothing = true}};
  }
  refuse_taken_host(picture, wish);
  const auto old = find_old(picture, wish);
  if (wish.id) {
    if (const auto holder = find_holder(picture, wish, *wish.id); !holder.empty()) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot register as site {}", *wish.id),
                   .why = "it belongs to " + holder,
                   .hint = "--id auto takes a free one; to agree on this one, ask them",
                   .has_changed_nothing = true}};
    }
    return {.id = *wish.id, .old = old};
  }
  if (old && has_registered(picture, wish, *old)) {
    return {.id = *old, .old = old};
  }
  auto free = k_first_automatic;
  while (!find_holder(picture, wish, free).empty()) {
    ++free;
  }
  return {.id = free, .old = old};
}

std::vector<SiteId> list_given_up(const SiteWish& wish, const SitePicture& picture,
                                  const SiteChoice& choice)
{
  std::vector<SiteId> sites;
  for (const auto& claim : picture.claims) {
    if (claim.id != choice.id && is_mine(claim, wish)) {
      sites.push_back(claim.id);
    }
  }
  if (choice.changes() && std::ranges::find(sites, *choice.old) == sites.end()) {
    sites.push_back(*choice.old);
  }
  return sites;
}

void check_change(const SiteWish& wish, const SitePicture& picture, const SiteChoice& choice)
{
  if (!choice.changes() || wish.takes_over || !has_rows(picture, *choice.old)) {
    return;
  }
  throw Error{{.code = ErrorCode::unconfirmed,
               .what = fmt::format("cannot change the number of this site from {} to {}",
                                   *choice.old, choice.id),
               .why = fmt::format("rows of this database have ids of site {}: {}", *choice.old,
                                  list_rows(picture.rows.at(*choice.old))),
               .hint = fmt::format("stay with `--id {}`; or, for rows of both numbers, repeat with "
                                   "--take-over: they keep their ids",
                                   *choice.old),
               .has_changed_nothing = true}};
}

std::optional<std::int64_t> next_in_range(const SequenceState& sequence, const IdRange& range)
{
  auto next = range.contains(sequence.next) ? sequence.next : range.first;
  if (sequence.highest && *sequence.highest >= next) {
    next = *sequence.highest + 1;
  }
  return next == sequence.next ? std::nullopt : std::optional{next};
}

SitePlan plan_site(const SiteWish& wish, const SitePicture& picture, const SiteChoice& choice,
                   const std::vector<SequenceState>& sequences, const std::string& now)
{
  SitePlan plan{.choice = choice};
  const auto* present = find_claim(picture, choice.id);
  auto claim = wanted_claim(wish, present, choice.id, now);
  const auto* row = find_row(picture, wish);
  auto machine = wanted_row(wish, claim, row);
  if (present == nullptr || render_claim(claim) != render_claim(*present)) {
    plan.claim = std::move(claim);
  }
  if (row == nullptr || machine != *row) {
    plan.machine = std::move(machine);
  }
  plan_other_numbers(wish, picture, plan);
  plan.renumbers_machine = row != nullptr && choice.changes() && site_of(row->row) == *choice.old &&
                           !has_rows(picture, *choice.old);
  if (plan.renumbers_machine && !plan.machine) {
    plan.machine = *row;
  }
  for (const auto& sequence : sequences) {
    if (const auto next = next_in_range(sequence, range_of(choice.id))) {
      plan.moves.push_back(
          {.name = sequence.name, .table = sequence.table, .from = sequence.next, .to = *next});
    }
  }
  return plan;
}

SitePlan plan_release(const SiteWish& wish, const SitePicture& picture)
{
  SitePlan plan;
  if (wish.id) {
    plan.choice = {.id = *wish.id, .old = wish.id};
    if (const auto holder = find_holder(picture, wish, *wish.id); !holder.empty()) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot give back site {}", *wish.id),
                   .why = "it belongs to " + holder,
                   .has_changed_nothing = true}};
    }
  }
  const auto is_meant = [&](SiteId site) { return !wish.id || *wish.id == site; };
  for (const auto& claim : picture.claims) {
    if (is_mine(claim, wish) && is_meant(claim.id)) {
      plan.given_back.push_back(claim);
      plan.choice = {.id = claim.id, .old = claim.id};
    }
  }
  for (const auto& row : picture.machines) {
    const bool is_ours =
        row.hostname == wish.host || std::ranges::any_of(plan.given_back, [&](const Claim& claim) {
          return row.site == claim.id && row.hostname == claim.fqdn;
        });
    if (row.site && is_ours && is_meant(*row.site) &&
        find_holder(picture, wish, *row.site).empty()) {
      plan.cleared.push_back(without_site(row));
      plan.choice = {.id = *row.site, .old = row.site};
    }
  }
  if (wish.id && plan.is_empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot give back site {}", *wish.id),
                 .why = "nobody has it",
                 .has_changed_nothing = true}};
  }
  return plan;
}

std::vector<std::string> describe(const SitePlan& plan)
{
  std::vector<std::string> lines;
  if (plan.claim) {
    lines.push_back(plan.claim->index == 0
                        ? fmt::format("+ claim {} in Consul", claim_key(plan.claim->id))
                        : fmt::format("~ update {} in Consul", claim_key(plan.claim->id)));
  }
  if (plan.machine) {
    lines.push_back(fmt::format("{} machines: {} is site {}, ids {} to {}",
                                plan.machine->row == 0 ? "+ insert into" : "~ update",
                                plan.machine->hostname, plan.choice.id, *plan.machine->first,
                                *plan.machine->last));
  }
  for (const auto& row : plan.cleared) {
    lines.push_back(fmt::format("~ update machines: {} is no site", row.hostname));
  }
  for (const auto& move : plan.moves) {
    lines.push_back(fmt::format("~ sequence {}: {} -> {}", move.name, move.from, move.to));
  }
  for (const auto& claim : plan.given_back) {
    lines.push_back(fmt::format("- give back {} in Consul", claim_key(claim.id)));
  }
  return lines;
}

}  // namespace pecanctl::registration
