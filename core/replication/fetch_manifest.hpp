// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/exchange/manifest.hpp"
#include "core/replication/fetch.hpp"

namespace pecanctl::replication {

/// A site's manifest, which is what it says it is.
struct SeenManifest {
  exchange::Manifest manifest = {};
  std::uint64_t bytes = 0;  ///< that came over the network
};

/// Fetches and verifies bety.manifest.json beside the peer's dump, unless the one here is the same;
/// nothing when the site has none. What was fetched stays in the folder once it is verified.
/// @throws Error as exchange::verify_manifest; unreachable, denied, timeout. Cancelled.
std::optional<SeenManifest> fetch_manifest(const Peer& peer, const FetchOptions& options,
                                           const exchange::Pin& pin, const Deadline& deadline,
                                           const std::stop_token& stop);

/// Whether the peer had none when it was asked the last time.
bool lacked_manifest(const Peer& peer, const std::filesystem::path& folder);
/// It is to be asked again: its dump is a new one.
void forget_manifest(const std::filesystem::path& folder) noexcept;

}  // namespace pecanctl::replication
