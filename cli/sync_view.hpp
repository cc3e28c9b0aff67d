// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/replication/sync.hpp"

namespace pecanctl::cli {

class Context;

/// Where the fetched dumps of an instance are kept, and what was pulled is logged.
std::filesystem::path sync_folder(const std::string& instance);

/// What became of each peer: a table, and with --json a `sync_peer` and its `sync_table` records.
/// With `shows_tables` people see the tables, too.
void show(Context& context, const std::vector<replication::PeerOutcome>& outcomes,
          bool shows_tables);

/// A line a peer into sync.jsonl. A log that cannot be written is a warning.
void log(Context& context, const std::vector<replication::PeerOutcome>& outcomes,
         const std::filesystem::path& folder);

/// @throws Error when peers failed: the one's own, or partial with all of them.
void throw_if_failed(const std::vector<replication::PeerOutcome>& outcomes);

/// Whether a peer was never pulled, or not for so long.
bool is_late(const replication::PeerAge& peer, std::chrono::milliseconds max_age);

/// Rows that were written, or with a dry run would be.
std::uint64_t count_changes(const std::vector<replication::PeerOutcome>& outcomes);

}  // namespace pecanctl::cli
