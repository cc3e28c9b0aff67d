// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::replication {

/// What says which schema a database has: the migrations that made it.
struct SchemaVersion {
  std::int64_t migrations = 0;
  std::string md5 = {};     ///< of all their numbers, as dump.bety.sh computes it
  std::string latest = {};  ///< the largest number, "20200329233137"
};

/// `version.txt` beside a dump: one line of four fields between tabs.
struct VersionFile {
  SchemaVersion schema = {};
  std::string dumped_at = {};  ///< "2026-11-20T06:04:32Z"
};

/// Nothing when it is no such line. Source: dump.bety.sh.
std::optional<VersionFile> parse_version_file(std::string_view text);

/// "this database is older (61 migrations, up to 2018…; the dump has 63, up to 2020…)". Pure.
std::string compare_schemas(const SchemaVersion& ours, const SchemaVersion& theirs);

/// The URL of `name` beside `url`, as PEcAn's status page forms that of version.txt; empty when
/// `url` does not name bety.tar.gz.
std::string sibling_url_of(const std::string& url, std::string_view name);

}  // namespace pecanctl::replication
