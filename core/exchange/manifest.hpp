// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.hpp"

/// What a site says about its dump, signed: `bety.manifest.json`. Pure.
///
/// A folder that a site publishes (any web server with static files will do) holds
///
///   bety.tar.gz          the dump, as the network's own scripts write and read it
///   version.txt          count, md5 and newest of the migrations, and the time, as theirs
///   sync.log             what was pulled here, as theirs
///   bety.manifest.json   this; unknown to their scripts
///   bety.d/<hash>.gz     pieces: the rows of one bucket of one table, gzip
///
/// The siblings' URLs are the tarball's with the last part replaced, also `bety.d/<hash>.gz`.
///
/// The file is one JSON object, written in exactly this way:
///
///   {"signature":"<88 characters>","manifest":<body>}\n
///
/// The signature (Ed25519, base64, core/base/signing.hpp) is over `k_manifest_context` followed by
/// the bytes of <body> as they stand there; nobody has to write JSON in a canonical way. The key is
/// the one that `register site` made. <body> is
///
///   {"format":1, "site":1, "serial":1795187401, "published_at":"2026-11-20T05:50:01Z",
///    "program":"pecanctl 0.1.0", "server":150020, "key":"<44 characters>",
///    "range":{"first":1000000001,"last":1999999999},
///    "schema":{"md5":"9d0f…","migrations":["1","20130104205059",…]},
///    "filter":{"level":3,"checked":true,"users":"anonymous"},
///    "tarball":{"size":122683392,"sha256":"<64 hex>"},
///    "tables":{"traits":{"columns":[["id","bigint"],…],"rows":940000,
///                        "pieces":[[976562,1023,"<32 hex>",51234],…]},…}}
///
/// `serial` grows with every publication: a smaller one than was seen before is an old manifest
/// shown again. `previous_key`, where there is one, is the key before this, and
/// `previous_signature` (over k_handover_context and `key`) is by it: whoever has pinned the old
/// key may go over to the new.
///
/// Piece: [bucket, rows, hash, size]. Bucket b of a table has the rows with id / 1024 = b, in the
/// order of the tarball's <table>.csv; all buckets of a table in their order are that file. `hash`
/// is the first 32 hex digits of the SHA-256 of the bucket's text; `size` that of the piece, in
/// bytes. A table without rows has no pieces. A peer that hashes its own rows of the site in the
/// same way needs only the pieces whose hashes it does not have. Rows are in the order of their
/// ids; in tables where ids are not unique, rows of one id in the order of the row's text (`t::text
/// COLLATE "C"`).
///
/// A reader refuses: another format; a signature that is not of the pinned key; another site; a
/// smaller serial; a piece that does not hash to its name. Pieces that are missing are no reason to
/// fail: take the tarball, which has to be the one that the manifest names. Pieces of the manifest
/// before this one are kept for those who are fetching them.
namespace pecanctl::exchange {

inline constexpr int k_manifest_format = 1;
inline constexpr std::int64_t k_bucket_ids = 1024;
inline constexpr std::size_t k_piece_hash_digits = 32;
inline constexpr std::string_view k_manifest_name = "bety.manifest.json";
inline constexpr std::string_view k_tarball_name = "bety.tar.gz";
inline constexpr std::string_view k_version_name = "version.txt";
inline constexpr std::string_view k_log_name = "sync.log";
inline constexpr std::string_view k_pieces_folder = "bety.d";
inline constexpr std::string_view k_manifest_context = "pecanctl bety manifest 1\n";
inline constexpr std::string_view k_handover_context = "pecanctl bety key 1\n";
/// Larger ones are not read: some ten million rows.
inline constexpr std::size_t k_largest_manifest = std::size_t{16} << 20U;

struct Column {
  std::string name = {};
  std::string type = {};  ///< as PostgreSQL's format_type says it

  bool operator==(const Column&) const = default;
};

struct Piece {
  std::int64_t bucket = 0;
  std::uint64_t rows = 0;
  std::string hash = {};   ///< 32 hex digits
  std::uint64_t size = 0;  ///< of the compressed piece, bytes

  bool operator==(const Piece&) const = default;
};

struct PublishedTable {
  std::vector<Column> columns = {};
  std::uint64_t rows = 0;
  std::vector<Piece> pieces = {};

  bool operator==(const PublishedTable&) const = default;
};

/// What was left out.
struct Filter {
  int level = 3;             ///< traits and yields below it
  bool is_checked = true;    ///< also those that failed their check
  bool is_anonymous = true;  ///< names, addresses and passwords of users

  bool operator==(const Filter&) const = default;
};

struct Manifest {
  std::int64_t site = 0;
  std::int64_t serial = 0;
  std::string published_at = {};  ///< RFC 3339, UTC
  std::string program = {};
  int server = 0;        ///< 150020 for PostgreSQL 15.20
  std::string key = {};  ///< public half of the site's key; empty: not signed
  std::string previous_key = {};
  std::string previous_signature = {};
  std::int64_t first = 0;  ///< ids of the site's rows, both ends included
  std::int64_t last = 0;
  std::string schema_md5 = {};
  std::vector<std::string> migrations = {};
  Filter filter = {};
  std::uint64_t tarball_size = 0;
  std::string tarball_sha256 = {};
  std::map<std::string, PublishedTable> tables = {};

  /// 15 for PostgreSQL 15.20.
  int server_major() const { return server / 10'000; }

  bool operator==(const Manifest&) const = default;
};

/// The file, signed with `key`, whose public half `manifest.key` must be. With an empty key the
/// signature is empty: peers then have nothing to trust but the transport.
std::string render_manifest(const Manifest& manifest, const Secret& key);

/// What is in `text`, whoever signed it. @throws Error invalid: no manifest, or another format.
Manifest parse_manifest(std::string_view text);

/// What a peer knows of a site from before.
struct Pin {
  std::int64_t site = 0;
  std::string key = {};     ///< empty: seen for the first time, trust what comes
  std::int64_t serial = 0;  ///< of the newest manifest seen
  /// A site without a key is taken as it comes, as long as none is pinned.
  bool may_be_unsigned = false;
};

/// The manifest in `text`, which is `pin.site`'s, signed with the pinned key (or with one that the
/// pinned key handed over to), and not older than seen before. Without a key only where the pin
/// allows it.
/// @throws Error invalid: as parse_manifest, not signed, wrong signature, older; conflict: another
/// site's, or signed with another key than the pinned one.
Manifest verify_manifest(std::string_view text, const Pin& pin);

/// Proof that the owner of `old_key` handed over to `new_public_key`: Manifest::previous_signature.
std::string sign_handover(const Secret& old_key, std::string_view new_public_key);

/// Whether a published folder may hold a file of this name: one of those above. Nothing else of the
/// folder is anybody's business. Pure.
bool is_published_name(std::string_view name);

/// The table's bucket that a row belongs to; rows of negative ids go down, too.
std::int64_t bucket_of(std::int64_t id);

/// The name of a piece among pieces: the first digits of the SHA-256 of its rows' text.
std::string piece_hash(std::string_view rows);

}  // namespace pecanctl::exchange
