// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <random>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/retry.hpp"
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

/// What to ask a site for a file with: its token, and how much its server is trusted.
http::Download request_to(const Peer& peer, std::string url, std::chrono::seconds patience);

/// Does `work`, at most `attempts` times while the network or the server is out of order and
/// `is_worth_it` says yes to the error. Pauses grow. @throws Error what the last time threw.
/// Cancelled.
template <typename Work, typename IsWorthIt>
auto try_often(int attempts, const Deadline& deadline, const std::stop_token& stop,
               const Work& work, const IsWorthIt& is_worth_it)
{
  std::minstd_rand rng{std::random_device{}()};
  for (int attempt = 1;; ++attempt) {
    try {
      return work();
    } catch (const Error& error) {
      if (attempt >= attempts || !is_transient(error) || deadline.is_over() ||
          !is_worth_it(error)) {
        throw;
      }
    }
    pause_for(next_delay(attempt, {.first = std::chrono::milliseconds{200}}, rng), deadline, stop);
  }
}

/// Whether the same request may be answered in another way later.
bool is_passing(int status);

/// @throws Error denied, unreachable
[[noreturn]] void refuse_status(const Peer& peer, const http::DownloadAnswer& answer);

}  // namespace pecanctl::replication
