// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/shape.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/exchange/row_text.hpp"

namespace pecanctl::replication {
namespace {

// Lower is more access, in BETY.
std::string at_least(const Field& value, int least)
{
  int level = 0;
  if (value) {
    std::from_chars(value->data(), value->data() + value->size(), level);
  }
  return std::to_string(std::max(level, least));
}

}  // namespace

Shape::Shape(const Table& table, const std::vector<DumpColumn>& dump, bool is_trusted)
    : is_clamped_{table.name == "users" && !is_trusted}
{
  map(table, dump);
  find_missing(table);
}

void Shape::map(const Table& table, const std::vector<DumpColumn>& dump)
{
  fields_ = dump.size();
  bool has_id = false;
  for (std::size_t i = 0; i < dump.size(); ++i) {
    const auto& theirs = dump[i];
    const auto* const ours = table.find(theirs.name);
    if (theirs.name == "id") {
      id_field_ = i;
      has_id = true;
    }
    if (ours == nullptr) {
      differences_.push_back(fmt::format("only the dump has {}.{}", table.name, theirs.name));
      is_verbatim_ = false;
      continue;
    }
    if (ours->type != theirs.type) {
      obstacles_.push_back(fmt::format("{}.{} is {} here, {} in the dump", table.name, theirs.name,
                                       ours->type, theirs.type));
    }
    if (std::ranges::find(names_, theirs.name) != names_.end()) {
      obstacles_.push_back(fmt::format("the dump has {}.{} twice", table.name, theirs.name));
    }
    if (ours->is_generated) {
      is_verbatim_ = false;
      continue;
    }
    names_.push_back(theirs.name);
    positions_.push_back(i);
  }
  if (!has_id) {
    obstacles_.push_back(fmt::format("the dump's {} has no id", table.name));
  }
}

void Shape::find_missing(const Table& table)
{
  for (const auto& column : table.columns) {
    if (column.is_generated || std::ranges::find(names_, column.name) != names_.end()) {
      continue;
    }
    differences_.push_back(fmt::format("only this database has {}.{}", table.name, column.name));
    if (column.is_required && !column.has_default) {
      obstacles_.push_back(
          fmt::format("{}.{} needs a value that the dump does not have", table.name, column.name));
    }
  }
}

std::string Shape::columns_sql() const
{
  std::vector<std::string> quoted;
  std::ranges::transform(names_, std::back_inserter(quoted),
                         [](const std::string& name) { return exchange::quote_name(name); });
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string Shape::assignments_sql(std::string_view from) const
{
  std::vector<std::string> assignments;
  for (const auto& name : names_) {
    if (name != "id") {
      const auto quoted = exchange::quote_name(name);
      assignments.push_back(fmt::format("{0} = {1}.{0}", quoted, from));
    }
  }
  return fmt::format("{}", fmt::join(assignments, ", "));
}

std::string_view Shape::transform(std::string_view row)
{
  if (is_verbatim_ && !is_clamped_) {
    return row;
  }
  const auto values = parse_row(row);
  std::vector<Field> taken;
  taken.reserve(positions_.size());
  for (const auto position : positions_) {
    taken.push_back(values[position]);
  }
  if (is_clamped_) {
    clamp(taken, values[id_field_].value_or(std::string{}));
  }
  text_.clear();
  append_row(text_, taken);
  return text_;
}

// What dump.bety.sh makes of users, unless it is told to keep them; a lower level than its is never
// taken.
void Shape::clamp(std::vector<Field>& values, const std::string& id) const
{
  const std::map<std::string, Field, std::less<>> replaced{
      {"login", "user" + id},
      {"name", "user " + id},
      {"email", "betydb+" + id + "@gmail.com"},
      {"city", ""},
      {"country", ""},
      {"area", ""},
      {"crypted_password", "1234567890abcdef"},
      {"salt", "SALT"},
      {"remember_token", std::nullopt},
      {"remember_token_expires_at", std::nullopt},
      {"apikey", std::nullopt},
      {"state_prov", ""},
      {"postal_code", ""},
  };
  constexpr int k_viewer = 3;
  constexpr int k_no_pages = 4;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (const auto found = replaced.find(names_[i]); found != replaced.end()) {
      values[i] = found->second;
    } else if (names_[i] == "access_level") {
      values[i] = at_least(values[i], k_viewer);
    } else if (names_[i] == "page_access_level") {
      values[i] = at_least(values[i], k_no_pages);
    }
  }
}

}  // namespace pecanctl::replication
