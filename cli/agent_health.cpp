// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/agent_health.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/version.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;

// A label's value: backslash, quote and newline are escaped. Source: Prometheus, "Exposition
// formats".
std::string label_text(std::string_view text)
{
  std::string result{"\""};
  for (const char letter : text) {
    if (letter == '\n') {
      result += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '"') {
      result += '\\';
    }
    result += letter;
  }
  return result + '"';
}

void head(std::string& text, std::string_view name, std::string_view kind, std::string_view help)
{
  text += fmt::format("# HELP pecanctl_{} {}\n# TYPE pecanctl_{} {}\n", name, help, name, kind);
}

}  // namespace

void Health::succeed(const std::string& instance, const std::string& duty)
{
  const std::scoped_lock lock{mutex_};
  auto& entry = duties_[{instance, duty}];
  entry.error.clear();
  entry.at = format_time(std::chrono::system_clock::now());
  ++entry.passes;
}

bool Health::fail(const std::string& instance, const std::string& duty, const std::string& why)
{
  const std::scoped_lock lock{mutex_};
  auto& entry = duties_[{instance, duty}];
  ++entry.failures;
  return std::exchange(entry.error, why) != why;
}

void Health::forget(const std::string& instance, const std::string& duty)
{
  const std::scoped_lock lock{mutex_};
  duties_.erase({instance, duty});
}

void Health::decide(const std::string& instance, std::span<const scaling::Row> rows)
{
  const std::scoped_lock lock{mutex_};
  for (const auto& row : rows) {
    models_[{instance, row.model}] = row;
    ++decisions_[{{instance, row.model}, std::string{to_string(row.verdict)}}];
  }
}

void Health::count_request(const std::string& instance, const std::string& state)
{
  const std::scoped_lock lock{mutex_};
  ++requests_[{instance, state}];
}

bool Health::is_fine() const
{
  const std::scoped_lock lock{mutex_};
  return std::ranges::all_of(duties_, [](const auto& entry) { return entry.second.error.empty(); });
}

std::string Health::render_health() const
{
  const std::scoped_lock lock{mutex_};
  auto duties = json::array();
  bool is_well = true;
  for (const auto& [key, duty] : duties_) {
    is_well = is_well && duty.error.empty();
    duties.push_back({{"instance", key.first},
                      {"duty", key.second},
                      {"ok", duty.error.empty()},
                      {"error", duty.error},
                      {"last_success", duty.at}});
  }
  return json{{"v", 1}, {"ok", is_well}, {"duties", std::move(duties)}}.dump(
             -1, ' ', false, json::error_handler_t::replace) +
         "\n";
}

std::string Health::render_metrics() const
{
  const std::scoped_lock lock{mutex_};
  std::string text;
  head(text, "build_info", "gauge", "The program.");
  text += fmt::format("pecanctl_build_info{{version={}}} 1\n", label_text(version().number));
  head(text, "duty_up", "gauge", "Whether the last pass of a duty worked.");
  for (const auto& [key, duty] : duties_) {
    text += fmt::format("pecanctl_duty_up{{instance={},duty={}}} {}\n", label_text(key.first),
                        label_text(key.second), duty.error.empty() ? 1 : 0);
  }
  head(text, "duty_failures_total", "counter", "Passes that failed.");
  for (const auto& [key, duty] : duties_) {
    text += fmt::format("pecanctl_duty_failures_total{{instance={},duty={}}} {}\n",
                        label_text(key.first), label_text(key.second), duty.failures);
  }
  const auto gauge = [&](std::string_view name, std::string_view help, const auto& value_of) {
    head(text, name, "gauge", help);
    for (const auto& [key, row] : models_) {
      const std::optional<double> value = value_of(row);
      if (value) {  // what is unknown is absent, not 0
        text += fmt::format("pecanctl_{}{{instance={},model={},queue={}}} {}\n", name,
                            label_text(key.first), label_text(key.second), label_text(row.queue),
                            *value);
      }
    }
  };
  using scaling::Row;
  const auto number = [](const auto& value) {
    return value ? std::optional<double>{static_cast<double>(*value)} : std::nullopt;
  };
  gauge("queue_ready", "Jobs that wait.", [&](const Row& row) { return number(row.ready); });
  gauge("workers_busy", "Workers that run a job.",
        [&](const Row& row) { return number(row.busy); });
  gauge("workers", "Workers that run.",
        [](const Row& row) { return std::optional<double>{row.target}; });
  gauge("workers_wanted", "Workers that the queue asks for.",
        [](const Row& row) { return std::optional<double>{row.want}; });
  head(text, "decisions_total", "counter", "Looks of the scaler, by what they ended in.");
  for (const auto& [key, count] : decisions_) {
    text += fmt::format("pecanctl_decisions_total{{instance={},model={},decision={}}} {}\n",
                        label_text(key.first.first), label_text(key.first.second),
                        label_text(key.second), count);
  }
  head(text, "requests_total", "counter", "Deployment requests, by how they ended.");
  for (const auto& [key, count] : requests_) {
    text += fmt::format("pecanctl_requests_total{{instance={},state={}}} {}\n",
                        label_text(key.first), label_text(key.second), count);
  }
  return text;
}

}  // namespace pecanctl::cli
