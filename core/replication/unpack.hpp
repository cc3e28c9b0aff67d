// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "core/exchange/manifest.hpp"
#include "core/replication/buckets.hpp"
#include "core/replication/dump_schema.hpp"
#include "core/replication/spool.hpp"

namespace pecanctl::replication {

/// The pieces of a dump that make the difference to the rows here.
struct PieceSet {
  exchange::Manifest manifest = {};
  Scope scope = {};
  std::filesystem::path folder = {};  ///< where `<hash>.gz` are
};

/// A site's rows, ready to be read: of all tables, or of the buckets in `scope`.
struct Unpacked {
  Spool spool;  ///< members `<table>.csv`
  std::string schema_md5 = {};
  DumpSchema schema = {};
  std::optional<Scope> scope = {};  ///< nothing: all rows
};

/// Unpacks bety.tar.gz beside itself. @throws Error as unpack_bundle; invalid without a schema.
Unpacked unpack_tarball(const std::filesystem::path& path, const std::stop_token& stop);

/// Unpacks the pieces, into a file in `folder`. @throws Error invalid: a piece that is not what the
/// manifest says, or has rows of another bucket.
Unpacked unpack_pieces(const PieceSet& pieces, const std::filesystem::path& folder,
                       const std::stop_token& stop);

/// The rows of one piece, which are what its hash says.
/// @throws Error invalid: they are not, or it is no gzip.
std::string read_piece(const std::filesystem::path& path, const exchange::Piece& piece,
                       const std::stop_token& stop);

}  // namespace pecanctl::replication
