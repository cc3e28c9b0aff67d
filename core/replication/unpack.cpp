// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/unpack.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/replication/bundle.hpp"
#include "core/replication/dialect.hpp"
#include "core/replication/inflate.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_schema_limit = std::size_t{64} << 20U;
constexpr std::uint64_t k_piece_limit = std::uint64_t{256} << 20U;  // unpacked, bytes

Error bad_piece(const exchange::Piece& piece, std::string why)
{
  return Error{{.code = ErrorCode::invalid,
                .what = fmt::format("cannot use the piece {} of the dump", piece.hash),
                .why = std::move(why),
                .hint = "ask the site to publish again: pecanctl sync --publish"}};
}

std::size_t id_position(const std::vector<DumpColumn>& columns)
{
  const auto found = std::ranges::find(columns, "id", &DumpColumn::name);
  return static_cast<std::size_t>(found - columns.begin());
}

// Rows that do not belong to the bucket would not be compared with those here.
void check_rows(std::string_view rows, const exchange::Piece& piece, std::size_t id_field)
{
  RowReader reader{[rows]() mutable { return std::exchange(rows, {}); }};
  std::uint64_t count = 0;
  while (const auto row = reader.next()) {
    ++count;
    const auto text = raw_field(row->text, id_field);
    std::int64_t id = -1;
    std::from_chars(text.data(), text.data() + text.size(), id);
    if (id < 0 || exchange::bucket_of(id) != piece.bucket) {
      throw bad_piece(piece, "it has rows of another bucket");
    }
  }
  if (count != piece.rows) {
    throw bad_piece(piece, fmt::format("it has {} rows instead of {}", count, piece.rows));
  }
}

}  // namespace

Unpacked unpack_tarball(const std::filesystem::path& path, const std::stop_token& stop)
{
  Unpacked dump{.spool = Spool{path.parent_path()}};
  dump.schema_md5 = unpack_bundle(path, dump.spool, {}, {}, stop);
  if (dump.schema_md5.empty()) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use the dump",
                 .why = "it has no schema",
                 .hint = {}}};
  }
  dump.schema = parse_dump_schema(dump.spool.text(dump.schema_md5 + ".schema", k_schema_limit));
  return dump;
}

Unpacked unpack_pieces(const PieceSet& pieces, const std::filesystem::path& folder,
                       const std::stop_token& stop)
{
  Unpacked dump{.spool = Spool{folder},
                .schema_md5 = pieces.manifest.schema_md5,
                .schema = {.server_major = pieces.manifest.server_major()},
                .scope = pieces.scope};
  for (const auto& [name, table] : pieces.manifest.tables) {
    const auto columns = columns_of(table);
    dump.spool.begin(name + ".csv");
    for (const auto& piece : pieces.scope.at(name).pieces) {
      const auto rows = read_piece(pieces.folder / (piece.hash + ".gz"), piece, stop);
      check_rows(rows, piece, id_position(columns));
      dump.spool.write(rows);
    }
    dump.schema.tables.emplace(name, columns);
  }
  return dump;
}

std::string read_piece(const std::filesystem::path& path, const exchange::Piece& piece,
                       const std::stop_token& stop)
{
  std::string rows;
  try {
    constexpr BundleLimits k_limits{.bytes = k_piece_limit};
    const UnpackProgress nobody;
    Inflater inflater{path, k_limits, nobody, stop};
    for (auto block = inflater.next(); !block.empty(); block = inflater.next()) {
      rows += block;
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid) {
      throw;
    }
    throw bad_piece(piece, error.info().why);
  }
  if (exchange::piece_hash(rows) != piece.hash) {
    throw bad_piece(piece, "its rows are not those that the site's manifest names");
  }
  return rows;
}

}  // namespace pecanctl::replication
