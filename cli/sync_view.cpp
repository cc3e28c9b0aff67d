// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/sync_view.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/run_setup.hpp"
#include "core/base/text.hpp"
#include "core/replication/log_file.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;
using replication::PeerOutcome;
using replication::TableReport;

std::string state_of(const PeerOutcome& outcome)
{
  return outcome.error ? "failed" : (outcome.is_unchanged ? "unchanged" : "done");
}

TableReport total_of(const PeerOutcome& outcome)
{
  return outcome.pull ? outcome.pull->record.total() : TableReport{};
}

json numbers(const TableReport& report)
{
  return {{"rows", report.rows},       {"added", report.added}, {"changed", report.changed},
          {"removed", report.removed}, {"held", report.held},   {"retained", report.retained}};
}

json to_json(const PeerOutcome& outcome)
{
  auto record = numbers(total_of(outcome));
  record["site"] = outcome.site;
  record["url"] = outcome.url;
  record["state"] = state_of(outcome);
  record["bytes"] = outcome.bytes;
  record["pieces"] = outcome.pieces;
  record["elapsed_ms"] = outcome.elapsed.count();
  auto reasons = json::array();
  if (outcome.pull) {
    const auto& pulled = outcome.pull->record;
    record["operation"] = pulled.operation;
    record["sha256"] = pulled.origin.sha256;
    record["dumped_at"] = pulled.origin.dumped_at;
    record["notes"] = outcome.pull->notes;
    for (const auto& held : outcome.pull->held) {
      reasons.push_back({{"table", held.table}, {"reason", held.reason}, {"rows", held.rows}});
    }
  }
  record["held_reasons"] = std::move(reasons);
  if (outcome.error) {
    record["error"] = {{"code", to_string(outcome.error->code())},
                       {"exit", static_cast<int>(exit_status(outcome.error->code()))},
                       {"what", outcome.error->info().what},
                       {"why", outcome.error->info().why}};
  }
  return record;
}

void record_tables(Context& context, const PeerOutcome& outcome)
{
  if (!outcome.pull) {
    return;
  }
  for (const auto& table : outcome.pull->record.tables) {
    if (!table.is_empty()) {
      auto record = numbers(table);
      record["site"] = outcome.site;
      record["table"] = table.table;
      context.printer().record("sync_table", std::move(record));
    }
  }
}

std::vector<std::string> cells(std::string site, std::string what, const TableReport& report)
{
  return {std::move(site),
          std::move(what),
          std::to_string(report.rows),
          std::to_string(report.added),
          std::to_string(report.changed),
          std::to_string(report.removed),
          std::to_string(report.held),
          std::to_string(report.retained)};
}

void print_tables(Context& context, const std::vector<PeerOutcome>& outcomes)
{
  output::Table table{
      .header = {"SITE", "TABLE", "ROWS", "ADDED", "CHANGED", "REMOVED", "HELD", "KEPT"},
      .rows = {}};
  for (const auto& outcome : outcomes) {
    if (!outcome.pull) {
      continue;
    }
    for (const auto& one : outcome.pull->record.tables) {
      if (!one.is_empty()) {
        table.rows.push_back(cells(std::to_string(outcome.site), one.table, one));
      }
    }
  }
  if (!table.rows.empty()) {
    context.printer().table(table);
  }
}

void print_peers(Context& context, const std::vector<PeerOutcome>& outcomes)
{
  output::Table table{.header = {"SITE", "STATE", "ROWS", "ADDED", "CHANGED", "REMOVED", "HELD",
                                 "KEPT", "FETCHED", "TIME"},
                      .rows = {}};
  for (const auto& outcome : outcomes) {
    auto row = cells(std::to_string(outcome.site), state_of(outcome), total_of(outcome));
    if (!outcome.pull) {
      std::fill(row.begin() + 2, row.end(), "-");
    }
    row.push_back(format_size(outcome.bytes));
    row.push_back(format_duration(outcome.elapsed));
    table.rows.push_back(std::move(row));
  }
  context.printer().table(table);
}

void tell_notes(Context& context, const PeerOutcome& outcome)
{
  if (!outcome.pull) {
    return;
  }
  for (const auto& text : outcome.pull->notes) {
    note(context.reporter(), fmt::format("site {}: {}", outcome.site, text));
  }
  for (const auto& held : outcome.pull->held) {
    note(context.reporter(), fmt::format("site {}: {} rows of {} are held back: {}", outcome.site,
                                         held.rows, held.table, held.reason));
  }
}

}  // namespace

std::filesystem::path sync_folder(const std::string& instance)
{
  return runs_folder(instance).parent_path() / "sync";
}

void show(Context& context, const std::vector<PeerOutcome>& outcomes, bool shows_tables)
{
  for (const auto& outcome : outcomes) {
    tell_notes(context, outcome);
    record_tables(context, outcome);
    context.printer().record("sync_peer", to_json(outcome));
  }
  if (shows_tables) {
    print_tables(context, outcomes);
  }
  print_peers(context, outcomes);
}

void log(Context& context, const std::vector<PeerOutcome>& outcomes,
         const std::filesystem::path& folder)
{
  for (const auto& outcome : outcomes) {
    auto record = to_json(outcome);
    record["at"] = format_time(std::chrono::system_clock::now());
    try {
      replication::append_line(folder / "sync.jsonl",
                               context.printer().redactor().redact(
                                   record.dump(-1, ' ', false, json::error_handler_t::replace)),
                               true);
    } catch (const Error& error) {
      warn(context.reporter(), error.what());
    }
  }
}

void throw_if_failed(const std::vector<PeerOutcome>& outcomes)
{
  std::vector<std::string> failures;
  const Error* first = nullptr;
  bool is_same = true;
  for (const auto& outcome : outcomes) {
    if (outcome.error) {
      first = first == nullptr ? &*outcome.error : first;
      is_same = is_same && outcome.error->code() == first->code();
      failures.push_back(fmt::format("site {}: {}", outcome.site, outcome.error->what()));
    }
  }
  if (first == nullptr) {
    return;
  }
  if (outcomes.size() == 1) {
    auto info = first->info();
    // A peer is taken whole, or not at all; `failed` may be a COMMIT whose answer was lost.
    info.has_changed_nothing = info.code != ErrorCode::failed;
    throw Error{std::move(info)};
  }
  const bool is_all = failures.size() == outcomes.size();
  throw Error{
      {.code = is_all && is_same ? first->code() : ErrorCode::partial,
       .what = fmt::format("{} of {} sites could not be pulled", failures.size(), outcomes.size()),
       .why = fmt::format("{}", fmt::join(failures, "; ")),
       .hint = first->info().hint}};
}

bool is_late(const replication::PeerAge& peer, std::chrono::milliseconds max_age)
{
  return !peer.last || std::chrono::duration<double>{peer.last->age_seconds} > max_age;
}

std::uint64_t count_changes(const std::vector<PeerOutcome>& outcomes)
{
  std::uint64_t changes = 0;
  for (const auto& outcome : outcomes) {
    const auto total = total_of(outcome);
    changes += total.added + total.changed + total.removed;
  }
  return changes;
}

}  // namespace pecanctl::cli
