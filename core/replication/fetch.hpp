// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/replication/apply.hpp"
#include "core/replication/version_file.hpp"

namespace pecanctl::replication {

struct FetchOptions {
  std::filesystem::path folder = {};  ///< of this peer: what was fetched stays there
  std::chrono::seconds patience{30};  ///< how long it may bring less than 1 KiB a second
  int attempts = 4;
};

/// A dump that is here, whole as far as its length tells.
struct Fetched {
  Dump dump = {};
  bool is_unchanged = false;    ///< the one that was here already
  std::uint64_t bytes = 0;      ///< that came over the network
  std::uint64_t pieces = 0;     ///< of the dump that did, instead of the whole
  std::string trust_note = {};  ///< for people, when another key is trusted from now on
};

/// Looks at `version.txt` of a dump that is new, before the dump itself is fetched.
/// @throws Error when the dump would be of no use.
using VersionCheck = std::function<void(const VersionFile&)>;

/// Fetches the peer's bety.tar.gz unless the one here is the same (ETag, Last-Modified). Goes on
/// where an earlier attempt broke off, when the server says that it is still the same file.
/// @throws Error unreachable, denied, timeout; invalid: not a URL, too large; failed: no space.
/// Cancelled; what `check` throws.
Fetched fetch_dump(const Peer& peer, const FetchOptions& options, const VersionCheck& check,
                   Reporter& reporter, const Deadline& deadline, const std::stop_token& stop);

/// Makes `folder`, for us alone. @throws Error as system_error.
void make_private_folder(const std::filesystem::path& folder);

/// Forgets a dump that turned out to be damaged, so that the next sync fetches it again.
void forget_dump(const std::filesystem::path& folder) noexcept;

}  // namespace pecanctl::replication
