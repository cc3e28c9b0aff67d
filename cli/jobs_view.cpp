// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/jobs_view.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/run_setup.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;

struct RunRow {
  workflow::RunInfo info = {};
  workflow::RunTotals totals = {};
  bool is_over = false;
  std::optional<int> holder = {};
};

std::vector<RunRow> list_runs(const workflow::RunStore& store, std::size_t count, Context& context)
{
  std::vector<RunRow> rows;
  const auto add = [&](const std::string& id, bool is_over) {
    try {
      const auto state = store.read(id);
      if (state.is_begun()) {
        rows.push_back({.info = state.info,
                        .totals = workflow::count_ends(state.jobs),
                        .is_over = is_over,
                        .holder = store.find_holder(id)});
      }
    } catch (const Error& error) {
      warn(context.reporter(), error.what());  // the others can be read
    }
  };
  const auto done = store.list_done();
  for (std::size_t i = done.size() - std::min(count, done.size()); i < done.size(); ++i) {
    add(done[i], true);
  }
  for (const auto& id : store.list_open()) {
    add(id, false);
  }
  std::ranges::sort(rows, {}, [](const RunRow& row) { return row.info.id; });
  return rows;
}

std::string describe_state(const RunRow& row)
{
  return row.is_over  ? "over"
         : row.holder ? fmt::format("process {}", *row.holder)
                      : "nobody: --attach";
}

output::Table make_table(const std::vector<RunRow>& rows)
{
  output::Table table{.header = {"RUN", "MODEL", "JOBS", "OK", "ERROR", "TAKEN BACK", "UNDER WAY",
                                 "STARTED", "WAITED FOR BY", "TASK"},
                      .rows = {}};
  for (const auto& row : rows) {
    table.rows.push_back({row.info.id, row.info.model, std::to_string(row.totals.jobs),
                          std::to_string(row.totals.ok), std::to_string(row.totals.failed),
                          std::to_string(row.totals.cancelled), std::to_string(row.totals.left()),
                          row.info.at, describe_state(row), row.info.task});
  }
  return table;
}

json to_json(const RunRow& row)
{
  return {{"run", row.info.id},
          {"model", row.info.model},
          {"queue", row.info.queue},
          {"jobs", row.totals.jobs},
          {"ok", row.totals.ok},
          {"failed", row.totals.failed},
          {"cancelled", row.totals.cancelled},
          {"under_way", row.totals.left()},
          {"already_done", row.info.already_done},
          {"started", row.info.at},
          {"is_over", row.is_over},
          {"task", row.info.task},
          {"holder", row.holder ? json(*row.holder) : json()}};
}

}  // namespace

void show_jobs(Context& context, std::size_t count)
{
  const auto store = RunSetup{context}.find_store();
  const auto rows = store ? list_runs(*store, count, context) : std::vector<RunRow>{};
  if (!context.printer().is_json()) {
    if (rows.empty()) {
      context.printer().say("no run was begun here");
    } else {
      context.printer().table(make_table(rows));
    }
    return;
  }
  auto list = json::array();
  for (const auto& row : rows) {
    list.push_back(to_json(row));
  }
  context.printer().document({{"instance", context.instance_name()}, {"runs", list}}, "runs");
}

}  // namespace pecanctl::cli
