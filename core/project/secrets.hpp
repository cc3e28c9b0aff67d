// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"
#include "core/project/instance_file.hpp"

namespace pecanctl::project {

/// What an instance keeps in files of its own, never in pecan.yml.
struct Secrets {
  std::string owner;  ///< the instance's identity, a UUID: not secret, but must not change either
  Secret postgres;    ///< password of the database's superuser
  Secret rabbitmq;    ///< password of the broker's user `pecan`
  Secret bety;        ///< password of the database role `bety`
  // Of the profile full only; else empty.
  Secret bety_key = {};  ///< SECRET_KEY_BASE of BETY, of PEcAn's web page and of its API
  Secret admin = {};     ///< password of BETY's first user, `admin`
  Secret rstudio = {};   ///< password of RStudio's user
};

/// The secrets that `init` makes, by file name.
inline constexpr std::array<std::string_view, 3> k_secret_names{"postgres", "rabbitmq", "bety"};
/// Those that it makes besides for the profile full.
inline constexpr std::array<std::string_view, 3> k_web_secret_names{"bety_key", "admin", "rstudio"};
/// All that an instance of `profile` has.
std::vector<std::string> secret_names(std::string_view profile);
/// The file that holds the identity.
inline constexpr std::string_view k_identity_name = "instance";

/// Reads the secrets of `file`: from where its `secrets:` says, else from `secrets/<name>` beside
/// it. Refuses symbolic links, empty files, and files that others than their owner can read.
/// @throws Error invalid, with one diagnostic for each file
Secrets load_secrets(const InstanceFile& file, const config::Lookup& lookup);

/// What registering as a site adds: files `secrets/site_key` and `secrets/site_token`.
struct SiteSecrets {
  Secret key;    ///< private half of the signing key (core/base/signing.hpp); empty: not made yet
  Secret token;  ///< what other sites show to be let in; empty: not made yet
};

inline constexpr std::string_view k_site_key_name = "site_key";
inline constexpr std::string_view k_site_token_name = "site_token";

/// Those that are there. @throws Error invalid, as load_secrets
SiteSecrets find_site_secrets(const InstanceFile& file);

/// The tokens that other sites want to see, by site: what `sync.tokens` names.
/// @throws Error invalid, as load_secrets
std::map<std::int64_t, Secret> load_peer_tokens(const InstanceFile& file,
                                                const config::Lookup& lookup);

/// Makes `secrets/<name>` hold `secret` (0600), wholly or not at all.
void write_secret(const InstanceFile& file, std::string_view name, const Secret& secret);

}  // namespace pecanctl::project
