// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/checks.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/cancel.hpp"
#include "core/exchange/row_text.hpp"

namespace pecanctl::replication {
namespace {

struct LooseReference {
  std::string_view type;
  std::string_view parent;
  std::string_view check;  // of dbfiles, which the foreign key replaces here
};

constexpr std::array k_loose{LooseReference{"Input", "inputs", "get_input_ids"},
                             LooseReference{"Model", "models", "get_model_ids"},
                             LooseReference{"Posterior", "posteriors", "get_posterior_ids"}};

std::uint64_t number_of(const std::string& text)
{
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class Checker {
 public:
  Checker(Session& session, Stage& stage, const CheckMode& mode)
      : session_{session},
        stage_{stage},
        mode_{mode}
  {
  }

  void run()
  {
    for (auto& [name, one] : stage_) {
      check_values(one);
    }
    if (make_ranges()) {
      check_ranges("traits", "mean");
      check_ranges("covariates", "level");
    }
    for (bool is_settled = false; !is_settled;) {
      check_stop(session_.stop());
      const auto before = moves_;
      for (auto& [name, one] : stage_) {
        check_keys(one);
        check_parents(one);
      }
      for (auto& [name, one] : stage_) {
        keep_needed(one);
      }
      is_settled = moves_ == before;
    }
    for (auto& [name, one] : stage_) {
      count_held_changes(one);
    }
  }

 private:
  // Rows of the stage for which `condition` holds, over alias s, leave it.
  void hold(StagedTable& one, const std::string& condition, const std::string& reason_sql)
  {
    const auto limits = one.is_direct ? fmt::format("s.id BETWEEN {} AND {} AND ",
                                                    mode_.block.first, mode_.block.last)
                                      : std::string{};
    const auto held = number_of(session_.ask(fmt::format(
        "WITH bad AS (DELETE FROM {} AS s WHERE {}({}) RETURNING s.id, {} AS reason, to_jsonb(s) "
        "AS "
        "content), kept AS (INSERT INTO pecanctl_held SELECT {}, id, reason, content FROM bad) "
        "SELECT count(*) FROM bad",
        one.new_sql, limits, condition, reason_sql, quote_literal(one.table->name))));
    one.held += held;
    moves_ += held;
  }

  // NOT NULL and CHECK, in one pass. A direct load has met them.
  void check_values(StagedTable& one)
  {
    if (one.new_sql.empty() || one.is_direct) {
      return;
    }
    std::vector<std::string> conditions;
    std::string reasons = "CASE";
    const auto add = [&](const std::string& condition, const std::string& reason) {
      conditions.push_back(condition);
      reasons += fmt::format(" WHEN {} THEN {}", condition, quote_literal(reason));
    };
    const auto columns = ", " + one.shape.columns_sql() + ",";
    for (const auto& column : one.table->columns) {
      const auto name = exchange::quote_name(column.name);
      if (column.is_required && columns.find(", " + name + ",") != std::string::npos) {
        add(fmt::format("s.{} IS NULL", name), fmt::format("{} is missing", column.name));
      }
    }
    for (const auto& check : one.table->checks) {
      const bool is_loose = std::ranges::any_of(k_loose, [&](const LooseReference& reference) {
        return check.expression_sql.find(reference.check) != std::string::npos;
      });
      if (!is_loose) {
        add(fmt::format("({}) IS FALSE", check.expression_sql),
            fmt::format("check {}", check.name));
      }
    }
    if (!conditions.empty()) {
      hold(one, fmt::format("{}", fmt::join(conditions, " OR ")), reasons + " END");
    }
  }

  // The ranges that variables will have, as numbers: worked out once, not for every row.
  bool make_ranges()
  {
    const auto found = stage_.find("variables");
    if (mode_.policy == Policy::compat || found == stage_.end() ||
        found->second.table->find("min") == nullptr ||
        found->second.table->find("max") == nullptr) {
      return false;
    }
    const auto& variables = found->second;
    const bool has_new = !variables.new_sql.empty() && !variables.is_direct;
    auto all = fmt::format("SELECT id, min::text, max::text FROM {} t", variables.table->sql);
    if (has_new) {
      all += fmt::format(
          " WHERE NOT EXISTS (SELECT FROM {0} n WHERE n.id = t.id) UNION ALL "
          "SELECT id, min::text, max::text FROM {0}",
          variables.new_sql);
    }
    constexpr std::string_view k_number =
        R"('^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$')";
    session_.run(fmt::format(
        "CREATE TEMPORARY TABLE pecanctl_ranges ON COMMIT DROP AS SELECT id, CASE WHEN min ~ {1} "
        "THEN min::float8 END AS low, CASE WHEN max ~ {1} THEN max::float8 END AS high FROM ({0}) "
        "v",
        all, k_number));
    session_.run("ANALYZE pecanctl_ranges");
    return true;
  }

  // As BETY's triggers restrict_trait_range and restrict_covariate_range.
  void check_ranges(const std::string& name, const std::string& column)
  {
    const auto found = stage_.find(name);
    if (found == stage_.end() || found->second.new_sql.empty() ||
        found->second.table->find(column) == nullptr ||
        found->second.table->find("variable_id") == nullptr) {
      return;
    }
    hold(found->second,
         fmt::format("EXISTS (SELECT FROM pg_temp.pecanctl_ranges v WHERE v.id = s.variable_id AND "
                     "(s.{0} < v.low OR s.{0} > v.high))",
                     exchange::quote_name(column)),
         "'outside of the range of its variable'");
  }

  // "AND NOT EXISTS (…)": rows of `table`, alias `alias`, that stay as they are.
  std::string staying(const StagedTable& one, std::string_view alias) const
  {
    std::string sql;
    if (!one.gone_sql.empty()) {
      sql +=
          fmt::format(" AND NOT EXISTS (SELECT FROM {} g WHERE g.id = {}.id)", one.gone_sql, alias);
    }
    if (!one.new_sql.empty() && !one.is_direct) {
      sql +=
          fmt::format(" AND NOT EXISTS (SELECT FROM {} n WHERE n.id = {}.id)", one.new_sql, alias);
    }
    return sql;
  }

  void check_keys(StagedTable& one)
  {
    if (one.new_sql.empty() || one.is_direct) {
      return;
    }
    for (const auto& key : one.table->keys) {
      const auto reason =
          quote_literal(fmt::format("unique key {} ({})", key.name, key.columns_sql));
      hold(one,
           fmt::format("EXISTS (SELECT FROM {} t WHERE {} AND t.id <> s.id{})", one.table->sql,
                       key.match_sql, mode_.removes_first ? staying(one, "t") : std::string{}),
           reason);
      hold(one,
           fmt::format("EXISTS (SELECT FROM {} t WHERE {} AND t.id < s.id)", one.new_sql,
                       key.match_sql),
           reason);
    }
  }

  void check_parents(StagedTable& one)
  {
    if (one.new_sql.empty() || mode_.policy == Policy::compat) {
      return;
    }
    for (const auto& key : one.table->parents) {
      const auto parent = stage_.find(key.parent);
      if (parent == stage_.end()) {
        continue;
      }
      const auto& there = parent->second;
      const auto gone =
          there.gone_sql.empty()
              ? std::string{}
              : fmt::format(" AND NOT EXISTS (SELECT FROM {} g WHERE g.id = p.id)", there.gone_sql);
      auto condition = fmt::format("{} AND NOT EXISTS (SELECT FROM {} p WHERE {}{})",
                                   key.required_sql, there.table->sql, key.match_sql, gone);
      if (!there.new_sql.empty() && !there.is_direct) {
        condition += fmt::format(" AND NOT EXISTS (SELECT FROM {} p WHERE {})", there.new_sql,
                                 key.match_sql);
      }
      hold(one, condition, quote_literal(fmt::format("no row of {} ({})", key.parent, key.name)));
    }
  }

  // A row that only the peer dropped stays while any row that stays refers to it.
  void keep_needed(StagedTable& one)
  {
    if (one.gone_sql.empty()) {
      return;
    }
    for (const auto& [name, child] : stage_) {
      for (const auto& key : child.table->parents) {
        if (key.parent != one.table->name) {
          continue;
        }
        const auto kept = number_of(session_.ask(fmt::format(
            "WITH kept AS (DELETE FROM {} x USING {} p WHERE p.id = x.id AND EXISTS (SELECT FROM "
            "{} "
            "s WHERE {}{}) RETURNING x.id) SELECT count(*) FROM kept",
            one.gone_sql, one.table->sql, child.table->sql, key.match_sql, staying(child, "s"))));
        one.retained += kept;
        moves_ += kept;
      }
    }
  }

  void count_held_changes(StagedTable& one)
  {
    if (one.held > 0 && one.diff.changed > 0) {
      one.held_changes = number_of(session_.ask(
          fmt::format("SELECT count(*) FROM pecanctl_held h WHERE h.table_name = {} AND EXISTS "
                      "(SELECT FROM {} t WHERE t.id = h.id)",
                      quote_literal(one.table->name), one.table->sql)));
    }
  }

  Session& session_;
  Stage& stage_;
  const CheckMode& mode_;
  std::uint64_t moves_ = 0;
};

}  // namespace

void add_loose_references(Catalogue& catalogue)
{
  const auto found = catalogue.tables.find("dbfiles");
  if (found == catalogue.tables.end() || found->second.find("container_type") == nullptr ||
      found->second.find("container_id") == nullptr) {
    return;
  }
  for (const auto& reference : k_loose) {
    const std::string parent{reference.parent};
    if (catalogue.tables.contains(parent)) {
      found->second.parents.push_back(
          {.name = "container_id",
           .parent = parent,
           .match_sql =
               fmt::format("s.container_id = p.id AND s.container_type = '{}'", reference.type),
           .required_sql = fmt::format("s.container_type = '{}' AND s.container_id IS NOT NULL",
                                       reference.type),
           .column_sql = "container_id"});
    }
  }
  catalogue.order = order_tables(catalogue.tables);
}

void make_held_table(Session& session)
{
  session.run(
      "CREATE TEMPORARY TABLE pecanctl_held (table_name text, id bigint, reason text, content "
      "jsonb) ON COMMIT DROP");
}

void check_stage(Session& session, Stage& stage, const CheckMode& mode)
{
  Checker{session, stage, mode}.run();
}

}  // namespace pecanctl::replication
