// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/diff.hpp"

#include <charconv>
#include <functional>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/exchange/row_text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_copy_block = std::size_t{128} << 10U;

[[noreturn]] void refuse_member(const Table& table, std::string_view why)
{
  throw Error{{.code = ErrorCode::invalid,
               .what = fmt::format("cannot use {}.csv of the dump", table.name),
               .why = std::string{why}}};
}

std::optional<std::int64_t> parse_id(std::string_view text)
{
  std::int64_t id = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  return error == std::errc{} && stop == end && id >= 0 ? std::optional{id} : std::nullopt;
}

std::int64_t id_of_row(const Table& table, const Shape& shape, const RawRow& row,
                       const IdBlock& block)
{
  if (row.fields != shape.fields()) {
    refuse_member(table, fmt::format("row {} has {} fields instead of {}", row.number, row.fields,
                                     shape.fields()));
  }
  const auto raw = raw_field(row.text, shape.id_field());
  const auto id = parse_id(raw);
  if (!id) {
    refuse_member(
        table, fmt::format("row {}: `{}` is no id", row.number, escape_control(raw.substr(0, 40))));
  }
  if (!block.contains(*id)) {
    refuse_member(table, fmt::format("row {}: id {} is none of the site's, {} to {}", row.number,
                                     *id, block.first, block.last));
  }
  return *id;
}

// Blocks of rows for which `wants` says yes.
class RowFilter {
 public:
  RowFilter(Shape& shape, BlockSource source, std::function<bool(std::string_view raw_id)> wants)
      : shape_{shape},
        reader_{std::move(source)},
        wants_{std::move(wants)}
  {
  }

  std::string_view next()
  {
    block_.clear();
    while (block_.size() < k_copy_block) {
      const auto row = reader_.next();
      if (!row) {
        break;
      }
      if (!wants_ || wants_(raw_field(row->text, shape_.id_field()))) {
        block_ += shape_.transform(row->text);
        block_ += '\n';
      }
    }
    return block_;
  }

 private:
  Shape& shape_;
  RowReader reader_;
  std::function<bool(std::string_view)> wants_;
  std::string block_;
};

BlockSource filter_rows(Shape& shape, BlockSource source,
                        std::function<bool(std::string_view)> wants)
{
  auto filter = std::make_shared<RowFilter>(shape, std::move(source), std::move(wants));
  return [filter] { return filter->next(); };
}

}  // namespace

RowIndex index_rows(const Table& table, Shape& shape, const BlockSource& source,
                    const IdBlock& block, std::uint64_t seed)
{
  RowIndex index{block, seed};
  RowReader reader{source};
  try {
    while (const auto row = reader.next()) {
      const auto id = id_of_row(table, shape, *row, block);
      index.add(id, shape.transform(row->text));
    }
    index.seal();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid) {
      throw;
    }
    refuse_member(table, error.info().why);
  }
  return index;
}

TableDiff compare_rows(Session& session, const Shape& shape, std::string_view rows_sql,
                       RowIndex index)
{
  const auto there = index.size();
  TableDiff diff{.there = there, .index = std::move(index)};
  const auto sql = fmt::format("COPY (SELECT id, {} FROM {}) TO STDOUT {}", shape.columns_sql(),
                               rows_sql, exchange::k_copy_options);
  session.copy_out(sql, [&](std::string_view line) {
    ++diff.here;
    const auto tab = line.find('\t');
    const auto id = parse_id(line.substr(0, tab)).value_or(0);
    line.remove_prefix(tab + 1);
    line.remove_suffix(1);
    if (!diff.index.compare(id, line)) {
      diff.removed.push_back(id);
    }
  });
  diff.added = diff.index.count(RowIndex::State::added);
  diff.changed = diff.index.count(RowIndex::State::changed);
  diff.is_all_new = diff.here == 0;
  if (diff.is_all_new || diff.added + diff.changed == 0) {
    diff.index.clear();
  }
  return diff;
}

BlockSource select_rows(Shape& shape, BlockSource source, const TableDiff& diff)
{
  if (diff.is_all_new) {
    return all_rows(shape, std::move(source));
  }
  return filter_rows(shape, std::move(source), [&index = diff.index](std::string_view raw) {
    const auto id = parse_id(raw);
    const auto state = id ? index.find(*id) : std::nullopt;
    return state && *state != RowIndex::State::same;
  });
}

BlockSource all_rows(Shape& shape, BlockSource source)
{
  return filter_rows(shape, std::move(source), {});
}

}  // namespace pecanctl::replication
