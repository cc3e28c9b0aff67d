// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/compare.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/replication/buckets.hpp"
#include "core/replication/diff.hpp"

namespace pecanctl::replication {
namespace {

constexpr int k_short_floats_end = 12;  // PostgreSQL before wrote 15 digits
constexpr std::uint64_t k_large_dump = std::uint64_t{1} << 20U;  // unpacked, bytes
constexpr std::chrono::seconds k_time_to_connect{5};

std::string member_of(const Table& table)
{
  return table.name + ".csv";
}

// Compares table after table, over as many sessions as call `work`.
class TableQueue {
 public:
  explicit TableQueue(const Comparison& comparison)
      : comparison_{comparison},
        unpacked_{comparison.unpacked},
        step_{comparison.reporter,
              {.id = fmt::format("site-{}-compare", comparison.peer.site),
               .group = fmt::format("site {}", comparison.peer.site),
               .action = "compare"}}
  {
    for (const auto& [name, table] : comparison.catalogue.tables) {
      tables_.push_back(&table);
    }
    // The largest first: what is left at the end is small.
    const auto sizes = unpacked_.spool.sizes();
    std::ranges::stable_sort(tables_, std::ranges::greater{}, [&](const Table* table) {
      const auto found = sizes.find(member_of(*table));
      return found == sizes.end() ? std::uint64_t{0} : found->second;
    });
  }

  // Takes tables until none is left, or another session failed.
  void work(Session& session)
  {
    const Ending ending{next_, tables_.size()};
    for (auto at = next_++; at < tables_.size(); at = next_++) {
      const auto& table = *tables_[at];
      announce(table, at + 1);
      Shape shape{
          table,
          is_there(table) ? unpacked_.schema.tables.at(table.name) : std::vector<DumpColumn>{},
          comparison_.peer.is_trusted};
      auto diff = compare(session, table, shape);
      const std::scoped_lock lock{mutex_};
      stage_.emplace(
          table.name,
          StagedTable{.table = &table, .shape = std::move(shape), .diff = std::move(diff)});
    }
  }

  Stage take() { return std::move(stage_); }

 private:
  // Who leaves, however that is, leaves nothing for the others.
  struct Ending {
    std::atomic<std::size_t>& next;
    std::size_t end;

    ~Ending() { next = end; }
  };

  void announce(const Table& table, std::size_t number)
  {
    const std::scoped_lock lock{mutex_};
    step_.progress(table.name, number, tables_.size(), "tables");
    failpoint("sync.table");
  }

  // A table may be missing only with drift.
  bool is_there(const Table& table) const { return unpacked_.spool.has(member_of(table)); }

  TableDiff compare(Session& session, const Table& table, Shape& shape) const
  {
    const auto& block = comparison_.peer.block;
    const auto* const scope = unpacked_.scope ? &unpacked_.scope->at(table.name) : nullptr;
    if (!is_there(table)) {
      return {.index = {block, comparison_.seed}};
    }
    if (scope != nullptr && scope->buckets.empty()) {
      return {.here = scope->equal_rows,
              .there = scope->equal_rows,
              .index = {block, comparison_.seed}};
    }
    auto index =
        index_rows(table, shape, unpacked_.spool.open(member_of(table)), block, comparison_.seed);
    const auto rows_sql = scope == nullptr ? fmt::format("{} AS t WHERE t.id BETWEEN {} AND {}",
                                                         table.sql, block.first, block.last)
                                           : bucket_rows_sql(table, scope->buckets, block);
    auto diff = compare_rows(session, shape, rows_sql, std::move(index));
    if (scope != nullptr) {
      diff.here += scope->equal_rows;
      diff.there += scope->equal_rows;
    }
    return diff;
  }

  const Comparison& comparison_;
  const Unpacked& unpacked_;
  const Step step_;
  std::vector<const Table*> tables_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  Stage stage_;
};

// A session with the limits of `session`, in `snapshot`; none when the server has no place for it.
std::unique_ptr<Session> open_beside(const Session& session, const Comparison& comparison,
                                     const std::string& snapshot)
{
  try {
    auto beside =
        std::make_unique<Session>(comparison.endpoint, session.deadline().sooner(k_time_to_connect),
                                  session.deadline(), session.stop());
    begin_transaction(*beside, comparison.unpacked, snapshot);
    return beside;
  } catch (const Error&) {
    return nullptr;  // one session does it too, in more time
  }
}

}  // namespace

void begin_transaction(Session& session, const Unpacked& unpacked, const std::string& snapshot)
{
  session.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  if (!snapshot.empty()) {
    session.run(fmt::format("SET TRANSACTION READ ONLY; SET TRANSACTION SNAPSHOT {}",
                            quote_literal(snapshot)));
  }
  session.run(
      "SET LOCAL search_path = public; SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = "
      "postgres; SET LOCAL bytea_output = hex; SET LOCAL timezone = 'UTC'; SET LOCAL "
      "statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0");
  const auto major = unpacked.schema.server_major;
  if (major > 0 && major < k_short_floats_end) {
    session.run("SET LOCAL extra_float_digits = 0");
  }
}

Stage compare_dump(Session& session, const Comparison& comparison)
{
  TableQueue queue{comparison};
  if (comparison.unpacked.spool.size() < k_large_dump) {
    queue.work(session);
    return queue.take();
  }
  // Half of the work is PostgreSQL's: it writes rows as text, on one processor for each session.
  const auto snapshot = session.ask("SELECT pg_catalog.pg_export_snapshot()");
  auto other = std::async(std::launch::async, [&] {
    if (const auto beside = open_beside(session, comparison, snapshot)) {
      queue.work(*beside);
    }
  });
  queue.work(session);
  other.get();
  return queue.take();
}

}  // namespace pecanctl::replication
