// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/record.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pecanctl::scaling {
namespace {

using consul::Operation;
using nlohmann::json;
using std::chrono::milliseconds;

std::string dump(const json& value)
{
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::int64_t to_number(Time time)
{
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

json to_json(const std::vector<Memory::Amount>& amounts)
{
  auto list = json::array();
  for (const auto& amount : amounts) {
    list.push_back({amount.count, to_number(amount.at)});
  }
  return list;
}

// Values of an object that may be of anybody: what has another type is absent.
class Fields {
 public:
  explicit Fields(const json& object) : object_{object} {}

  std::string text(const char* name) const
  {
    const auto found = object_.find(name);
    return found != object_.end() && found->is_string() ? found->get<std::string>() : "";
  }

  std::optional<std::int64_t> number(const char* name) const
  {
    const auto found = object_.find(name);
    return found != object_.end() && found->is_number_integer()
               ? std::optional{found->get<std::int64_t>()}
               : std::nullopt;
  }

  int count(const char* name) const
  {
    return static_cast<int>(std::clamp<std::int64_t>(number(name).value_or(0), 0, 1'000'000));
  }

  std::optional<Time> time(const char* name) const
  {
    const auto found = number(name);
    return found ? std::optional{Time{milliseconds{*found}}} : std::nullopt;
  }

  std::vector<Memory::Amount> amounts(const char* name) const
  {
    std::vector<Memory::Amount> list;
    for (const auto& item : object_.value(name, json::array())) {
      if (item.is_array() && item.size() == 2 && item[0].is_number_integer() &&
          item[1].is_number_integer()) {
        list.push_back(
            {.count = item[0].get<int>(), .at = Time{milliseconds{item[1].get<std::int64_t>()}}});
      }
    }
    return list;
  }

 private:
  const json& object_;
};

std::string model_key(std::string_view instance, std::string_view model, std::string_view rest)
{
  return fmt::format("pecan/instances/{}/scale/{}/{}", instance, model, rest);
}

}  // namespace

bool Row::repeats(const Row& other) const
{
  const auto key = [](const Row& row) {
    return std::tie(row.instance, row.model, row.ready, row.busy, row.workers, row.want, row.target,
                    row.verdict);
  };
  return changed.empty() && other.changed.empty() && key(*this) == key(other);
}

std::string render_row(const Row& row)
{
  return dump({{"v", 1},
               {"number", row.number},
               {"at", row.at},
               {"until", row.until},
               {"looks", row.looks},
               {"instance", row.instance},
               {"model", row.model},
               {"queue", row.queue},
               {"ready", row.ready ? json(*row.ready) : json()},
               {"busy", row.busy ? json(*row.busy) : json()},
               {"workers", row.workers},
               {"raw", row.raw},
               {"want", row.want},
               {"target", row.target},
               {"decision", to_string(row.verdict)},
               {"reason", row.reason},
               {"changed", row.changed}});
}

std::optional<Row> parse_row(std::string_view text)
{
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return std::nullopt;
  }
  const Fields fields{value};
  const auto verdict = parse_verdict(fields.text("decision"));
  if (!verdict || !fields.number("number")) {
    return std::nullopt;
  }
  Row row{.number = *fields.number("number"),
          .at = fields.text("at"),
          .until = fields.text("until"),
          .looks = fields.count("looks"),
          .instance = fields.text("instance"),
          .model = fields.text("model"),
          .queue = fields.text("queue"),
          .workers = fields.count("workers"),
          .raw = fields.count("raw"),
          .want = fields.count("want"),
          .target = fields.count("target"),
          .verdict = *verdict,
          .reason = fields.text("reason")};
  if (fields.number("ready")) {
    row.ready = static_cast<std::uint64_t>(std::max<std::int64_t>(*fields.number("ready"), 0));
  }
  if (fields.number("busy")) {
    row.busy = fields.count("busy");
  }
  for (const auto& name : value.value("changed", json::array())) {
    if (name.is_string()) {
      row.changed.push_back(name.get<std::string>());
    }
  }
  return row;
}

std::string render_state(const State& state)
{
  const auto& memory = state.memory;
  return dump({{"v", 1},
               {"rows", state.rows},
               {"wanted", to_json(memory.wanted)},
               {"grown", to_json(memory.grown)},
               {"active", memory.active ? json(to_number(*memory.active)) : json()},
               {"grown_at", memory.grown_at ? json(to_number(*memory.grown_at)) : json()},
               {"aim", memory.aim},
               {"failures", memory.failures}});
}

State parse_state(std::string_view text)
{
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) {
    return {};
  }
  const Fields fields{value};
  return {.memory = {.wanted = fields.amounts("wanted"),
                     .grown = fields.amounts("grown"),
                     .active = fields.time("active"),
                     .grown_at = fields.time("grown_at"),
                     .aim = fields.count("aim"),
                     .failures = fields.count("failures")},
          .rows = std::max<std::int64_t>(fields.number("rows").value_or(0), 0)};
}

std::string state_key(std::string_view instance, std::string_view model)
{
  return model_key(instance, model, "state");
}

std::string pause_key(std::string_view instance, std::string_view model)
{
  return model_key(instance, model, "pause");
}

std::string row_key(std::string_view instance, std::string_view model, std::int64_t number)
{
  return model_key(instance, model, fmt::format("decisions/{:02}", number % k_kept_rows));
}

State find_state(consul::Client& client, std::string_view instance, std::string_view model,
                 const Deadline& deadline, const std::stop_token& stop)
{
  const auto entry = client.find(state_key(instance, model), deadline, stop);
  return entry ? parse_state(entry->value) : State{};
}

PauseNote find_pause(consul::Client& client, std::string_view instance, std::string_view model,
                     const Deadline& deadline, const std::stop_token& stop)
{
  const auto entry = client.find(pause_key(instance, model), deadline, stop);
  if (!entry) {
    return {};
  }
  const auto value = json::parse(entry->value, nullptr, false);
  if (!value.is_object()) {
    return {.pause = Pause::all};  // somebody wanted something: the safe side
  }
  const Fields fields{value};
  return {.pause = parse_pause(fields.text("pause")).value_or(Pause::all),
          .by = fields.text("by"),
          .at = fields.text("at")};
}

Operation make_pause(std::string_view instance, std::string_view model, const PauseNote& note)
{
  if (note.pause == Pause::none) {
    return {.kind = Operation::Kind::remove, .key = pause_key(instance, model)};
  }
  return {.kind = Operation::Kind::set,
          .key = pause_key(instance, model),
          .value =
              dump({{"v", 1}, {"pause", to_string(note.pause)}, {"by", note.by}, {"at", note.at}})};
}

std::vector<Row> list_rows(consul::Client& client, std::string_view instance,
                           const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<Row> rows;
  const auto prefix = fmt::format("pecan/instances/{}/scale/", instance);
  for (const auto& entry : client.list(prefix, deadline, stop)) {
    if (entry.key.find("/decisions/", prefix.size()) == std::string::npos) {
      continue;
    }
    if (auto row = parse_row(entry.value)) {
      rows.push_back(std::move(*row));
    }
  }
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) {
    return std::tie(a.at, a.model, a.number) < std::tie(b.at, b.model, b.number);
  });
  return rows;
}

}  // namespace pecanctl::scaling
