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

// Whether nearly all rows seem to differ: of every large table some buckets are looked at. Then the
// whole dump is needed, and whoever takes it compares all rows anyway.
bool seems_other(Session& session, const Catalogue& catalogue, const exchange::Manifest& manifest,
                 const IdBlock& block)
{
  constexpr std::size_t k_samples = 16;
  constexpr std::size_t k_large = 8 * k_samples;  // buckets
  std::uint64_t seen = 0;
  std::uint64_t same = 0;
  for (const auto& [name, table] : catalogue.tables) {
    const auto& published = manifest.tables.at(name);
    const auto count = published.pieces.size();
    if (count < k_large || !table.has_unique_id) {
      continue;
    }
    for (auto at = count / k_samples / 2; at < count; at += count / k_samples) {
      const auto& piece = published.pieces[at];
      const auto first = piece.bucket * exchange::k_bucket_ids;
      const auto here =
          hash_table(session, table, published,
                     {.first = std::max(block.first, first),
                      .last = std::min(block.last, first + exchange::k_bucket_ids - 1)});
      seen += piece.size;
      same += !here.empty() && here.front().hash == piece.hash ? piece.size : 0;
    }
  }
  return same * 10 < seen;
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

std::string explain_other_form(const Catalogue& catalogue, const exchange::Manifest& manifest)
{
  if (manifest.server_major() < k_first_exact_floats) {
    return fmt::format("its server is PostgreSQL {}", manifest.server_major());
  }
  for (const auto& [name, published] : manifest.tables) {
    if (!catalogue.tables.contains(name)) {
      return fmt::format("there is no table {} here", name);
    }
  }
  for (const auto& [name, table] : catalogue.tables) {
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

std::optional<Scope> find_scope(Session& session, const exchange::Manifest& manifest,
                                const IdBlock& block)
{
  session.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public");
  const auto catalogue = read_catalogue(session);
  std::optional<Scope> scope;
  if (explain_other_form(catalogue, manifest).empty()) {
    scope.emplace();
    session.run(exchange::k_same_text);
    session.run(exchange::k_in_order);
    session.run("SET LOCAL statement_timeout = 0");
    if (seems_other(session, catalogue, manifest, block)) {
      scope.reset();
    }
  }
  if (scope) {
    for (const auto& [name, table] : catalogue.tables) {
      const auto& published = manifest.tables.at(name);
      scope->emplace(
          name, compare_buckets(hash_table(session, table, published, block), published.pieces));
      failpoint("sync.hashed");
    }
  }
  session.run("ROLLBACK");
  return scope;
}

std::string bucket_condition(const std::vector<std::int64_t>& buckets, const IdBlock& block)
{
  const auto first = std::max(block.first, buckets.front() * exchange::k_bucket_ids);
  const auto last = std::min(block.last, (buckets.back() + 1) * exchange::k_bucket_ids - 1);
  return fmt::format("t.id BETWEEN {} AND {} AND t.id / {} = ANY ('{{{}}}'::bigint[])", first, last,
                     exchange::k_bucket_ids, fmt::join(buckets, ","));
}

}  // namespace pecanctl::replication
