// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/http/download.hpp"
#include "core/replication/peer.hpp"

namespace pecanctl::replication {

/// A small file of a site, in memory.
struct RemoteFile {
  http::DownloadAnswer answer = {};
  std::string text = {};  ///< empty unless the answer is 200
};

/// Fetches it, several times when the network or the server is out of order.
/// @throws Error as http::download; unreachable: the server stays out of order. Cancelled.
RemoteFile fetch_file(const Peer& peer, const http::Download& request, int attempts,
                      const Deadline& deadline, const std::stop_token& stop);

/// Whether the same request may be answered in another way later.
bool is_passing(int status);

/// @throws Error denied, unreachable
[[noreturn]] void refuse_status(const Peer& peer, const http::DownloadAnswer& answer);

}  // namespace pecanctl::replication
