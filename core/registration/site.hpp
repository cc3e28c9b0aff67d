// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Which number a site has, and what follows from it. Pure.
namespace pecanctl::registration {

using SiteId = std::int64_t;

/// The ids of a site's rows, both ends included: N·10⁹+1 to N·10⁹+999999999, as BETY's own scripts
/// number them. N·10⁹ is nobody's to give out, but counts as the site's where it is met.
struct IdRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  bool contains(std::int64_t id) const { return id >= first && id <= last; }
};

IdRange range_of(SiteId site);
SiteId site_of(std::int64_t row_id);

/// `auto` begins here; lower numbers were given out by people.
inline constexpr SiteId k_first_automatic = 100;
/// 98 and 99 are PEcAn's defaults for containers and virtual machines: many have them, none shares.
bool is_reserved(SiteId site);

/// What Consul says of a site: the value of `pecan/sites/<id>`, JSON with these names, `v` 1.
struct Claim {
  SiteId id = 0;
  std::string owner =
      {};  ///< identity of the instance, a UUID; empty: the value is not ours to read
  std::string instance = {};
  std::string fqdn = {};
  std::string contact = {};
  std::string url = {};
  std::string since = {};         ///< RFC 3339
  std::string key = {};           ///< public half of its signing key (core/base/signing.hpp)
  std::string previous_key = {};  ///< the one before it: what it signed stays valid
  std::string secret = {};  ///< SHA-256 of what a host that runs no pecanctl shows (admit_host)
  std::uint64_t index = 0;  ///< Consul's ModifyIndex; 0: not there
};

std::string claim_key(SiteId site);
std::string render_claim(const Claim& claim);
/// Never fails: a value of another shape is a claim without owner.
Claim parse_claim(SiteId site, std::string_view value, std::uint64_t index);
/// "instance bu of pecan.bu.edu, contact a@bu.edu, since 2026-11-20T05:50:01Z"
std::string describe(const Claim& claim);

/// A row of BETY's `machines`, as far as it matters here.
struct MachineRow {
  std::int64_t row = 0;
  std::string hostname = {};
  std::optional<SiteId> site = {};  ///< sync_host_id
  std::string url = {};
  std::string contact = {};
  std::optional<std::int64_t> first = {};  ///< sync_start
  std::optional<std::int64_t> last = {};   ///< sync_end

  bool operator==(const MachineRow&) const = default;
};

/// Sequence behind the column `id` of a table; names are quoted for SQL.
struct SequenceState {
  std::string name = {};
  std::string table = {};
  std::int64_t next = 0;                     ///< what it gives next
  std::optional<std::int64_t> highest = {};  ///< the highest id of the wanted range in the table
};

/// What a site wants to be.
struct SiteWish {
  std::optional<SiteId> id = {};  ///< nothing: choose
  std::string owner = {};
  std::string instance = {};
  std::string host = {};     ///< its machines.hostname
  std::string url = {};      ///< empty: keep what is there
  std::string contact = {};  ///< empty: keep what is there
  std::string key = {};      ///< public half of its signing key
  bool takes_over = false;
};

/// What is known of all sites.
struct SitePicture {
  std::vector<Claim> claims = {};
  std::vector<MachineRow> machines = {};  ///< this host's, and all that have a site number
  std::optional<SiteId> numbered = {};    ///< whose range the sequences are in
  /// Rows in the ranges of numbers that this site gives up, by number and table. This host's own
  /// row of `machines` does not count.
  std::map<SiteId, std::map<std::string, std::int64_t>> rows = {};
};

/// The number to take, and the one that this site had, if any.
struct SiteChoice {
  SiteId id = 0;
  std::optional<SiteId> old = {};

  bool changes() const { return old && *old != id; }
};

/// Chooses. `auto` stays with the number that the site has, else takes the lowest that is free.
/// @throws Error usage: reserved; conflict: taken, with who has it.
SiteChoice choose_site(const SiteWish& wish, const SitePicture& picture);

/// The numbers of this site other than the chosen one: their rows have to be counted.
std::vector<SiteId> list_given_up(const SiteWish& wish, const SitePicture& picture,
                                  const SiteChoice& choice);
/// Rows keep their numbers, so a site with rows does not change its own without being told to.
/// @throws Error unconfirmed
void check_change(const SiteWish& wish, const SitePicture& picture, const SiteChoice& choice);

/// A sequence that has to move.
struct SequenceMove {
  std::string name = {};
  std::string table = {};
  std::int64_t from = 0;
  std::int64_t to = 0;
};

/// What a sequence has to give next; nothing when it is right. Within the range never backwards.
std::optional<std::int64_t> next_in_range(const SequenceState& sequence, const IdRange& range);

/// All that registering changes.
struct SitePlan {
  SiteChoice choice = {};
  std::optional<Claim> claim = {};     ///< to write: `index` is the one it replaces
  std::vector<Claim> given_back = {};  ///< claims of ours on numbers without rows
  std::vector<SiteId> kept = {};  ///< other numbers of ours that have rows: nobody may get them
  std::optional<MachineRow> machine = {};  ///< to write; `row` 0: insert
  bool renumbers_machine = false;          ///< its own id is of a number that is given back
  std::vector<MachineRow> cleared = {};    ///< rows of this site under an older host name
  std::vector<SequenceMove> moves = {};

  bool is_empty() const
  {
    return !claim && given_back.empty() && !machine && cleared.empty() && moves.empty();
  }
};

/// `now` is RFC 3339. `sequences` were looked at with the chosen number's range.
SitePlan plan_site(const SiteWish& wish, const SitePicture& picture, const SiteChoice& choice,
                   const std::vector<SequenceState>& sequences, const std::string& now);

/// What giving the number back changes: claims to remove and rows to clear. Its rows and sequences
/// stay. @throws Error conflict when `wish.id` names a number of somebody else, not_found when
/// nobody has it.
SitePlan plan_release(const SiteWish& wish, const SitePicture& picture);

/// One line a change, for people: "+ claim 100 in Consul".
std::vector<std::string> describe(const SitePlan& plan);

}  // namespace pecanctl::registration
