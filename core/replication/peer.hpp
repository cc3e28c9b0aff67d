// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/secret.hpp"
#include "core/replication/session.hpp"

namespace pecanctl::replication {

/// The ids of a site's rows, both ends included.
struct IdBlock {
  std::int64_t first = 0;
  std::int64_t last = 0;

  bool contains(std::int64_t id) const { return id >= first && id <= last; }

  bool operator==(const IdBlock&) const = default;
};

/// N·10⁹ to N·10⁹+999999999. The first is nobody's to give out, but is the site's where it is met.
IdBlock block_of(std::int64_t site);

/// Another site, and where its dump is.
struct Peer {
  std::int64_t site = 0;
  std::string url = {};
  IdBlock block = {};
  bool is_trusted = false;   ///< its users come as they are
  bool is_insecure = false;  ///< its certificate is not looked at
  Secret token = {};         ///< that it wants to see; empty: none

  bool operator==(const Peer&) const = default;
};

/// A row of BETY's `machines` that has a site number.
struct MachineSite {
  std::int64_t site = 0;
  std::string url = {};
  std::optional<std::int64_t> first = {};
  std::optional<std::int64_t> last = {};
};

/// Which sites to pull from.
struct PeerWish {
  std::vector<std::string> named = {};  ///< as typed: "2", or "2=https://…"; empty: all
  std::set<std::int64_t> only = {};
  std::set<std::int64_t> except = {};
  std::vector<std::int64_t> standard = {};        ///< of pecan.yml; empty: every machine with a URL
  std::map<std::int64_t, std::string> urls = {};  ///< instead of what `machines` says
  std::set<std::int64_t> trusted = {};
  std::set<std::int64_t> insecure = {};
  std::map<std::int64_t, Secret> tokens = {};
  std::optional<std::int64_t> own = {};  ///< this site
};

/// The sites in the database's table `machines`; none when there is no such table.
std::vector<MachineSite> list_machine_sites(Session& session);

/// The site in whose range this database's next user is; nothing when that cannot be told.
std::optional<std::int64_t> find_numbered_site(Session& session);

/// Who is meant, by number. A block that `machines` states is taken when it lies in the site's own
/// range; else the whole range is. @throws Error usage: no number, no URL, or this site itself;
/// not_found: a site without a URL.
std::vector<Peer> choose_peers(const PeerWish& wish, const std::vector<MachineSite>& machines);

}  // namespace pecanctl::replication
