// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/replication/fetch.hpp"
#include "core/replication/unpack.hpp"

namespace pecanctl::replication {

/// What fetching pieces took.
struct FetchedPieces {
  std::uint64_t pieces = 0;  ///< without those that were here
  std::uint64_t bytes = 0;
};

/// Bytes of the scope's pieces that are not in `set.folder` yet.
std::uint64_t missing_bytes(const PieceSet& set);

/// Fetches the scope's pieces into `set.folder`, several at a time, and looks at each; removes
/// pieces from there that the manifest does not name. Those that are there stay: an interrupted
/// fetch goes on. Nothing when the site does not have one of them.
/// @throws Error invalid: a piece is not what the manifest says; unreachable, timeout, failed.
/// Cancelled.
std::optional<FetchedPieces> fetch_pieces(const Peer& peer, const PieceSet& set,
                                          const FetchOptions& options, Reporter& reporter,
                                          const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::replication
