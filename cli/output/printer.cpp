// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/printer.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/output/display_text.hpp"
#include "cli/output/error_view.hpp"
#include "cli/output/terminal.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::output {
namespace {

using nlohmann::json;

std::size_t cells(std::string_view text)
{
  return static_cast<std::size_t>(display_width(one_line(text, true)));
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

// Text values only: the names of fields are ours.
json redacted(json value, const Redactor& redactor)
{
  if (value.is_string()) {
    return redactor.redact(value.get<std::string>());
  }
  if (value.is_structured()) {
    for (auto& item : value) {
      item = redacted(std::move(item), redactor);
    }
  }
  return value;
}

json to_json(const ErrorInfo& info, int exit)
{
  json places = json::array();
  for (const auto& diagnostic : info.diagnostics) {
    places.push_back({{"file", diagnostic.file},
                      {"line", diagnostic.line},
                      {"column", diagnostic.column},
                      {"message", diagnostic.message},
                      {"fix", diagnostic.hint}});
  }
  json error{{"code", to_string(info.code)},
             {"message", info.what},
             {"why", info.why},
             {"fix", info.hint},
             {"exit", exit},
             {"diagnostics", places}};
  if (has_changed_nothing(info)) {
    error["nothing_changed"] = true;
  }
  if (!info.trail.empty()) {
    error["log"] = info.trail;
  }
  return error;
}

}  // namespace

void Printer::write(std::string_view text)
{
  const std::scoped_lock lock{output_mutex_};
  output_.write(text);
}

void Printer::begin(std::string_view command, bool is_reading)
{
  command_ = command;
  is_start_due_ = !is_reading;
}

void Printer::set_instance(std::string_view name)
{
  const std::scoped_lock lock{mutex_};
  instance_ = name;
}

void Printer::say(std::string_view text)
{
  if (!is_json_ && !is_quiet_) {
    write_lines(escape_control(text) + "\n");
  }
}

// Text for people.
void Printer::write_lines(const std::string& text)
{
  auto shown = redactor_.redact(text);
  shown = is_ascii_ ? with_ascii_signs(std::move(shown)) : shown;
  const auto screen = hold_ ? hold_() : std::unique_lock<std::mutex>{};
  write(shown);
}

void Printer::table(const Table& table)
{
  if (is_json_ || is_quiet_) {
    return;
  }
  const auto widths = column_widths(table);
  const int columns = terminal_size(STDOUT_FILENO).columns;
  std::string text;
  const auto print_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_last = i + 1 == row.size();
      const auto padding = is_terminal_ && !is_last ? widths[i] - cells(row[i]) + 2 : 0;
      line += (is_terminal_ ? one_line(row[i], true) : escape_control(row[i])) +
              std::string(padding, ' ');
      line += is_terminal_ || is_last ? "" : "\t";
    }
    // Cut rather than wrapped: the whole of it is in a pipe, and in --json.
    line = redactor_.redact(line);
    text += (is_terminal_ ? keep_front(line, columns, "") : line) + "\n";
  };
  print_row(table.header);
  std::ranges::for_each(table.rows, print_row);
  write_lines(text);
}

void Printer::record(std::string_view type, json fields)
{
  if (!is_json_) {
    return;
  }
  const std::scoped_lock lock{mutex_};
  if (is_start_due_) {
    is_start_due_ = false;
    json start{{"command", command_}, {"time", format_time(begun_at_)}};
    if (!instance_.empty()) {
      start["instance"] = instance_;
    }
    write_record("start", start);
  }
  write_record(type, fields);
}

void Printer::write_record(std::string_view type, const json& fields)
{
  json line = redacted(fields, redactor_);
  line.update({{"v", 1}, {"type", type}});
  write(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void Printer::add_to_result(std::string_view name, json value)
{
  result_[std::string{name}] = std::move(value);
}

void Printer::document(json fields, std::string_view type)
{
  has_document_ = true;
  is_start_due_ = false;
  record(type.empty() ? command_ : type, std::move(fields));
}

bool Printer::finish(int exit, const Error* error)
{
  if (error != nullptr) {
    record("error", to_json(error->info(), exit));
  }
  if (!has_document_ || exit != 0) {
    write_result(exit);
  }
  const std::scoped_lock lock{output_mutex_};
  return output_.flush();
}

void Printer::write_result(int exit)
{
  const auto elapsed = std::chrono::steady_clock::now() - begun_;
  json fields{
      {"elapsed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()}};
  fields.update(result_);
  if (exit > 128) {
    fields["interrupted"] = true;
  }
  fields.update({{"ok", exit == 0}, {"exit", exit}});
  record("result", std::move(fields));
}

void Printer::go_on_unread()
{
  const std::scoped_lock lock{output_mutex_};
  output_.go_on_unread();
}

}  // namespace pecanctl::cli::output
