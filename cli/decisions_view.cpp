// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/decisions_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;
using scaling::Row;

template <typename Number>
std::string shown(const std::optional<Number>& value)
{
  return value ? std::to_string(*value) : "?";
}

json to_json(const Row& row)
{
  return {{"at", row.at},
          {"until", row.until},
          {"looks", row.looks},
          {"instance", row.instance},
          {"model", row.model},
          {"queue", row.queue},
          {"ready", row.ready ? json(*row.ready) : json()},
          {"busy", row.busy ? json(*row.busy) : json()},
          {"workers", row.workers},
          {"want", row.want},
          {"target", row.target},
          {"decision", to_string(row.verdict)},
          {"reason", row.reason},
          {"changed", row.changed}};
}

output::Table make_table(std::span<const Row> rows)
{
  output::Table table{
      .header = {"TIME", "MODEL", "READY", "BUSY", "WORKERS", "WANT", "DECISION", "REASON"},
      .rows = {}};
  for (const auto& row : rows) {
    const auto workers = row.target == row.workers
                             ? std::to_string(row.workers)
                             : fmt::format("{} -> {}", row.workers, row.target);
    table.rows.push_back(
        {row.at, row.model, shown(row.ready), shown(row.busy), workers, std::to_string(row.want),
         std::string{to_string(row.verdict)},
         row.looks > 1 ? fmt::format("{} ({} looks)", row.reason, row.looks) : row.reason});
  }
  return table;
}

}  // namespace

void print_decisions(Context& context, std::span<const Row> rows)
{
  context.printer().table(make_table(rows));
  for (const auto& row : rows) {
    context.printer().record("decision", to_json(row));
  }
}

void show_decisions(Context& context, int count)
{
  const auto client = context.consul("start it: pecanctl deploy");
  auto rows =
      scaling::list_rows(*client, context.instance_name(), context.look_deadline(), context.stop());
  const auto kept = static_cast<std::size_t>(count);
  if (rows.size() > kept) {
    rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(kept));
  }
  if (!context.printer().is_json()) {
    context.printer().table(make_table(rows));
    return;
  }
  auto list = json::array();
  for (const auto& row : rows) {
    list.push_back(to_json(row));
  }
  context.printer().document({{"instance", context.instance_name()}, {"decisions", list}},
                             "decisions");
}

}  // namespace pecanctl::cli
