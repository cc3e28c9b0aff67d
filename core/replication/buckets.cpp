// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/buckets.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/failpoint.hpp"
#include "core/exchange/row_text.hpp"
#include "core/replication/dialect.hpp"

namespace pecanctl::replication {
namespace {

constexpr int k_first_exact_floats = 12;  // PostgreSQL before wrote other digits

// Collects rows that come in the order of their ids.
class BucketHasher {
 public:
  void add(std::int64_t id, std::string_view row)
  {
    const auto number = exchange::bucket_of(id);
    if (rows_ > 0 && number != number_) {
      close();
    }
    number_ = number;
    ++rows_;
    text_ += row;
  }

  std::vector<LocalBucket> finish()
  {
    if (rows_ > 0) {
      close();
    }
    return std::move(buckets_);
  }

 private:
  void close()
  {
    buckets_.push_back({.number = number_, .rows = rows_, .hash = exchange::piece_hash(text_)});
    rows_ = 0;
    text_.clear();
  }

  std::int64_t number_ = 0;
  std::uint64_t rows_ = 0;
  std::string text_;
  std::vector<LocalBucket> buckets_;
};

// Those of its ids that are in the block.
IdBlock ids_of_bucket(std::int64_t bucket, const IdBlock& block)
{
  const auto first = bucket * exchange::k_bucket_ids;
  return {.first = std::max(block.first, first),
          .last = std::min(block.last, first + exchange::k_bucket_ids - 1)};
}

std::vector<LocalBucket> hash_table(Session& session, const Table& table,
                                    const exchange::PublishedTable& published, const IdBlock& block)
{
  std::string columns;
  for (const auto& column : published.columns) {
    columns += ", t." + exchange::quote_name(column.name);
  }
  // The id comes first, for us; what follows it is the row as it is published.
  const auto sql = fmt::format(
      "COPY (SELECT t.id{} FROM {} AS t WHERE t.id BETWEEN {} AND {} ORDER BY t.id{}) TO STDOUT {}",
      columns, table.sql, block.first, block.last,
      table.has_unique_id ? "" : ", t::text COLLATE \"C\"", exchange::k_copy_options);
  BucketHasher hasher;
  session.copy_out(sql, [&](std::string_view line) {
    const auto tab = line.find('\t');
    std::int64_t id = 0;
    std::from_chars(line.data(), line.data() + tab, id);
    hasher.add(id, line.substr(tab + 1));
  });
  return hasher.finish();
}

// The share of a table, by size, that seems to differ: some of its buckets are looked at.
double sample_difference(Session& session, const Table& table,
                         const exchange::PublishedTable& published, const IdBlock& block)
{
  constexpr std::size_t k_samples = 16;
  const auto step = published.pieces.size() / k_samples;
  std::uint64_t seen = 0;
  std::uint64_t other = 0;
  for (auto at = step / 2; at < published.pieces.size(); at += step) {
    const auto& piece = published.pieces[at];
    const auto here = hash_table(session, table, published, ids_of_bucket(piece.bucket, block));
    seen += piece.size;
    other += here.empty() || here.front().hash != piece.hash ? piece.size : 0;
  }
  return static_cast<double>(other) / static_cast<double>(seen);
}

// Whether the whole dump will be needed, as far as a sample of the large tables tells. Whoever
// takes it compares all rows: to hash them before is a pass over everything for nothing.
bool seems_other(Session& session, const Tables& tables, const exchange::Manifest& manifest,
                 const IdBlock& block)
{
  constexpr std::size_t k_large = 128;  // buckets
  double missing = 0;
  for (const auto& [name, table] : tables) {
    const auto& published = manifest.tables.at(name);
    if (published.pieces.size() >= k_large && table.has_unique_id) {
      std::uint64_t size = 0;
      for (const auto& piece : published.pieces) {
        size += piece.size;
      }
      missing += static_cast<double>(size) * sample_difference(session, table, published, block);
    }
  }
  return is_most_of(static_cast<std::uint64_t>(missing), manifest);
}

std::string without_schema(const std::string& type)
{
  constexpr std::string_view k_public = "public.";
  return type.starts_with(k_public) ? type.substr(k_public.size()) : type;
}

// Exactly these, in any order.
bool has_columns(const Table& table, const std::vector<DumpColumn>& columns)
{
  const auto is_known = [&](const DumpColumn& column) {
    const auto* const ours = table.find(column.name);
    return ours != nullptr && without_schema(ours->type) == column.type;
  };
  const auto is_told = [&](const Column& column) {
    return std::ranges::find(columns, column.name, &DumpColumn::name) != columns.end();
  };
  return columns.size() == table.columns.size() && std::ranges::all_of(columns, is_known) &&
         std::ranges::all_of(table.columns, is_told);
}

}  // namespace

TableScope compare_buckets(const std::vector<LocalBucket>& here,
                           const std::vector<exchange::Piece>& there)
{
  TableScope scope;
  auto ours = here.begin();
  auto theirs = there.begin();
  while (ours != here.end() || theirs != there.end()) {
    if (theirs == there.end() || (ours != here.end() && ours->number < theirs->bucket)) {
      scope.buckets.push_back((ours++)->number);
      continue;
    }
    const bool is_here = ours != here.end() && ours->number == theirs->bucket;
    if (is_here && ours->hash == theirs->hash && ours->rows == theirs->rows) {
      scope.equal_rows += ours->rows;
    } else {
      scope.buckets.push_back(theirs->bucket);
      scope.pieces.push_back(*theirs);
    }
    ours += is_here ? 1 : 0;
    ++theirs;
  }
  return scope;
}

std::vector<DumpColumn> columns_of(const exchange::PublishedTable& table)
{
  std::vector<DumpColumn> columns;
  std::ranges::transform(
      table.columns, std::back_inserter(columns), [](const exchange::Column& column) {
        return DumpColumn{.name = column.name, .type = without_schema(column.type)};
      });
  return columns;
}

std::string explain_other_form(const Tables& tables, const exchange::Manifest& manifest)
{
  if (manifest.server_major() < k_first_exact_floats) {
    return fmt::format("its server is PostgreSQL {}", manifest.server_major());
  }
  for (const auto& [name, published] : manifest.tables) {
    if (!tables.contains(name)) {
      return fmt::format("there is no table {} here", name);
    }
  }
  for (const auto& [name, table] : tables) {
    const auto found = manifest.tables.find(name);
    if (found == manifest.tables.end()) {
      return fmt::format("it has no table {}", name);
    }
    if (!has_columns(table, columns_of(found->second))) {
      return fmt::format("{} has other columns here", name);
    }
  }
  return {};
}

bool is_most_of(std::uint64_t bytes, const exchange::Manifest& manifest)
{
  constexpr std::uint64_t k_many_of_ten = 7;
  return bytes * 10 > manifest.tarball_size * k_many_of_ten;
}

std::optional<Scope> find_scope(Session& session, const exchange::Manifest& manifest,
                                const IdBlock& block)
{
  session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public");
  const auto tables = read_tables(session);
  std::optional<Scope> scope;
  if (explain_other_form(tables, manifest).empty()) {
    scope.emplace();
    session.run(exchange::k_same_text);
    session.run(exchange::k_in_order);
    session.run("SET LOCAL statement_timeout = 0");
    if (seems_other(session, tables, manifest, block)) {
      scope.reset();
    }
  }
  if (scope) {
    for (const auto& [name, table] : tables) {
      const auto& published = manifest.tables.at(name);
      scope->emplace(
          name, compare_buckets(hash_table(session, table, published, block), published.pieces));
      failpoint("sync.hashed");
    }
  }
  session.run("ROLLBACK");
  return scope;
}

std::string bucket_rows_sql(const Table& table, const std::vector<std::int64_t>& buckets,
                            const IdBlock& block)
{
  if (!table.has_unique_id) {  // and no index by which ranges would be found
    return fmt::format(
        "{} AS t WHERE t.id BETWEEN {} AND {} AND t.id / {} = ANY ('{{{}}}'::bigint[])", table.sql,
        ids_of_bucket(buckets.front(), block).first, ids_of_bucket(buckets.back(), block).last,
        exchange::k_bucket_ids, fmt::join(buckets, ","));
  }
  std::vector<IdBlock> ranges;
  for (const auto bucket : buckets) {
    const auto ids = ids_of_bucket(bucket, block);
    if (!ranges.empty() && ranges.back().last + 1 == ids.first) {
      ranges.back().last = ids.last;
    } else {
      ranges.push_back(ids);
    }
  }
  std::vector<std::string> values(ranges.size());
  std::ranges::transform(ranges, values.begin(), [](const IdBlock& ids) {
    return fmt::format("({}::bigint, {}::bigint)", ids.first, ids.last);
  });
  return fmt::format(
      "(VALUES {}) AS pecanctl_range (pecanctl_first, pecanctl_last) JOIN {} AS t ON t.id BETWEEN "
      "pecanctl_first AND pecanctl_last",
      fmt::join(values, ", "), table.sql);
}

}  // namespace pecanctl::replication
