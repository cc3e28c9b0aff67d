// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/registration/ledger.hpp"
#include "core/registration/model_info.hpp"

/// The models that are registered: `pecan/catalogue/<type>_<version>` in Consul, JSON with `v` 1,
/// `queue`, `host`, `image`, `by`, `at` and `model_info` as it was given.
namespace pecanctl::registration {

struct CatalogueEntry {
  std::string queue = {};  ///< <type>_<version>: the key, and the name of its queue
  std::string name = {};
  std::string type = {};
  std::string version = {};
  std::string model_info = {};  ///< JSON; empty: the entry is not ours to read
  std::string image = {};       ///< what it was read from; empty: a file
  std::string host = {};        ///< the machine in BETY that it was registered for
  std::string by = {};
  std::string at = {};      ///< RFC 3339
  std::uint64_t index = 0;  ///< Consul's ModifyIndex; 0: not there
};

std::string catalogue_key(const std::string& queue);
std::string render_entry(const CatalogueEntry& entry);
/// Never fails: a value of another shape gives an entry with its queue alone.
CatalogueEntry parse_entry(const std::string& queue, const std::string& value, std::uint64_t index);

std::vector<CatalogueEntry> list_catalogue(consul::Client& client, const Deadline& deadline,
                                           const std::stop_token& stop);

/// The entry to write so that the catalogue has this model, or nothing when it has. Only what the
/// model says, its image and its host count as a difference.
std::optional<CatalogueEntry> plan_entry(const CatalogueEntry& wanted, consul::Client& client,
                                         const Deadline& deadline, const std::stop_token& stop);

/// Writes it, unless somebody else wrote meanwhile. @throws Error conflict
void write_entry(const CatalogueEntry& entry, const Ledger& ledger, const Deadline& deadline,
                 const std::stop_token& stop);

}  // namespace pecanctl::registration
