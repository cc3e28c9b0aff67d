// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/base/secret.hpp"
#include "core/exchange/manifest.hpp"
#include "core/postgres/database.hpp"

namespace pecanctl::publication {

struct PublishRequest {
  postgres::Endpoint database = {};
  std::int64_t site = 0;
  exchange::Filter filter = {};
  std::filesystem::path folder = {};
  Secret key = {};            ///< the site's, to sign with; empty: not signed
  std::string handover = {};  ///< what make_handover gave when the key was changed; may be empty
  std::string program = {};   ///< "pecanctl 0.1.0"
  int compression = 6;        ///< as gzip's levels
  unsigned threads = 0;       ///< to compress on; 0: as many as there are cores
  std::chrono::milliseconds lock_wait{0};
};

/// The file beside the site's key that says which key was there before.
inline constexpr std::string_view k_handover_name = "site_handover";

/// What goes into that file when `old_key` makes way for the key with this public half: a line that
/// peers take for the old key's word that they may trust the new one. Nothing secret.
/// @throws Error invalid when `old_key` is no key.
std::string make_handover(const Secret& old_key, const std::string& new_public_key);

/// What is published now.
struct Publication {
  exchange::Manifest manifest = {};
  std::uint64_t rows = 0;
  std::uint64_t pieces = 0;
  std::uint64_t new_pieces = 0;
  std::uint64_t removed_pieces = 0;
  bool has_changed = true;  ///< false: the tarball that was there has the same bytes and stayed
};

/// Writes the site's rows, as of one moment, into the folder: first beside what is there, then in
/// its place, version.txt last (see manifest.hpp). Whatever happens before, the folder's files stay
/// as they are; what is left over is removed by the next run.
/// @throws Error conflict: somebody else publishes there; not_found: no BETY; as
/// postgres::Database; denied, failed: the folder. Cancelled.
Publication publish(const PublishRequest& request, Reporter& reporter, const Deadline& deadline,
                    const std::stop_token& stop);

/// The number of the site whose machine is called `host`, as BETY's `machines` have it.
std::optional<std::int64_t> find_site(const postgres::Endpoint& database, const std::string& host,
                                      const Deadline& deadline, const std::stop_token& stop);

/// Rows that would be published, by table.
struct RowCount {
  std::string table = {};
  std::uint64_t rows = 0;
};

/// What publishing would write. Looks at the database only.
std::vector<RowCount> count_rows(const PublishRequest& request, const Deadline& deadline,
                                 const std::stop_token& stop);

}  // namespace pecanctl::publication
