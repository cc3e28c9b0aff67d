// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/printer.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/output/terminal.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

using nlohmann::json;

std::size_t cells(std::string_view text)
{
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U; }));
}

std::vector<std::size_t> column_widths(const Table& table)
{
  std::vector<std::size_t> widths(table.header.size(), 0);
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], cells(row[i]));
    }
  };
  measure(table.header);
  std::ranges::for_each(table.rows, measure);
  return widths;
}

}  // namespace

void Printer::write(std::string_view text)
{
  const std::scoped_lock lock{output_mutex_};
  output_.write(text);
}

void Printer::say(std::string_view text)
{
  if (!is_json_ && !is_quiet_) {
    write(escape_control(text) + "\n");
  }
}

void Printer::table(const Table& table)
{
  if (is_json_) {
    return;
  }
  const auto widths = column_widths(table);
  const int columns = terminal_size(STDOUT_FILENO).columns;
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_last = i + 1 == row.size();
      const auto padding = is_terminal_ && !is_last ? widths[i] - cells(row[i]) + 2 : 0;
      line += escape_control(row[i]) + std::string(padding, ' ');
      line += is_terminal_ || is_last ? "" : "\t";
    }
    // Cut rather than wrapped: the whole of it is in a pipe, and in --json.
    write((is_terminal_ ? clip(line, columns) : line) + "\n");
  };
  print_row(table.header);
  std::ranges::for_each(table.rows, print_row);
}

void Printer::record(std::string_view type, json fields)
{
  if (!is_json_) {
    return;
  }
  json line{{"v", 1}, {"type", type}};
  line.update(fields);
  const std::scoped_lock lock{mutex_};
  write(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void Printer::add_to_result(std::string_view name, json value)
{
  result_[std::string{name}] = std::move(value);
}

void Printer::document(json fields)
{
  has_document_ = true;
  record("document", std::move(fields));
}

void Printer::finish(int exit, const Error* error)
{
  if (error != nullptr) {
    const auto& info = error->info();
    json places = json::array();
    for (const auto& diagnostic : info.diagnostics) {
      places.push_back({{"file", diagnostic.file},
                        {"line", diagnostic.line},
                        {"column", diagnostic.column},
                        {"message", diagnostic.message},
                        {"hint", diagnostic.hint}});
    }
    json fields{{"code", to_string(info.code)},
                {"message", info.what},
                {"why", info.why},
                {"fix", info.hint},
                {"exit", exit}};
    if (!places.empty()) {
      fields["places"] = std::move(places);
    }
    record("error", std::move(fields));
  }
  if (!has_document_ || exit != 0) {
    json fields{{"ok", exit == 0}, {"exit", exit}};
    fields.update(result_);
    record("result", std::move(fields));
  }
  const std::scoped_lock lock{output_mutex_};
  output_.flush();
}

void Printer::go_on_unread()
{
  const std::scoped_lock lock{output_mutex_};
  output_.go_on_unread();
}

}  // namespace pecanctl::cli::output
