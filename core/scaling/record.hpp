// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/consul/consul.hpp"
#include "core/scaling/policy.hpp"

/// What the scaler keeps in Consul, below `pecan/instances/<name>/scale/<model>`: `…/state` (its
/// memory), `…/pause` (what an operator forbids), `…/decisions/<00 to 99>` (a ring of rows). JSON
/// with `v` 1.
namespace pecanctl::scaling {

/// One decision. Looks in a row that end the same are one row.
struct Row {
  std::int64_t number = 0;  ///< counts from 1
  std::string at = {};      ///< RFC 3339, of the first look
  std::string until = {};   ///< of the last one
  int looks = 1;
  std::string instance = {};
  std::string model = {};
  std::string queue = {};
  std::optional<std::uint64_t> ready = {};
  std::optional<int> busy = {};
  int workers = 0;
  int raw = 0;
  int want = 0;
  int target = 0;
  Verdict verdict = Verdict::hold;
  std::string reason = {};
  std::vector<std::string> changed = {};  ///< containers that came or went

  /// Whether another look found and decided the same.
  bool repeats(const Row& other) const;
};

/// What goes on from one look to the next.
struct State {
  Memory memory = {};
  std::int64_t rows = 0;  ///< written so far
};

/// What an operator forbids, and who says so.
struct PauseNote {
  Pause pause = Pause::none;
  std::string by = {};
  std::string at = {};
};

inline constexpr std::int64_t k_kept_rows = 100;

std::string render_row(const Row& row);
/// Nothing for a text of another shape.
std::optional<Row> parse_row(std::string_view text);
std::string render_state(const State& state);
/// A text of another shape is an empty state: patience begins anew.
State parse_state(std::string_view text);

/// Keys of one model.
std::string state_key(std::string_view instance, std::string_view model);
std::string pause_key(std::string_view instance, std::string_view model);
std::string row_key(std::string_view instance, std::string_view model, std::int64_t number);

State find_state(consul::Client& client, std::string_view instance, std::string_view model,
                 const Deadline& deadline, const std::stop_token& stop);
/// Nobody said anything: Pause::none.
PauseNote find_pause(consul::Client& client, std::string_view instance, std::string_view model,
                     const Deadline& deadline, const std::stop_token& stop);
consul::Operation make_pause(std::string_view instance, std::string_view model,
                             const PauseNote& note);
/// The rows of all models, oldest first.
std::vector<Row> list_rows(consul::Client& client, std::string_view instance,
                           const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::scaling
