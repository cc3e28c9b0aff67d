// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/project/instance_file.hpp"

namespace pecanctl::project {

/// What an instance keeps in files of its own, never in pecan.yml.
struct Secrets {
  std::string owner;  ///< the instance's identity, a UUID: not secret, but must not change either
  Secret postgres;    ///< password of the database's superuser
  Secret rabbitmq;    ///< password of the broker's user `pecan`
  Secret bety;        ///< password of the database role `bety`
};

/// The secrets that `init` makes, by file name.
inline constexpr std::array<std::string_view, 3> k_secret_names{"postgres", "rabbitmq", "bety"};
/// The file that holds the identity.
inline constexpr std::string_view k_identity_name = "instance";

/// Reads the secrets of `file`: from where its `secrets:` says, else from `secrets/<name>` beside
/// it. Refuses symbolic links, empty files, and files that others than their owner can read.
/// @throws Error invalid, with one diagnostic for each file
Secrets load_secrets(const InstanceFile& file, const config::Lookup& lookup);

}  // namespace pecanctl::project
