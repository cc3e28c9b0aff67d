// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/sync_request.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;

Error bad_order(std::string why, std::string hint = {})
{
  return Error{{.code = ErrorCode::usage,
                .what = "cannot read the request",
                .why = escape_control(why),
                .hint = hint.empty() ? R"(write {"cmd":"sync","remotes":[1],"mode":"plan"})"
                                     : std::move(hint)}};
}

std::vector<std::string> read_remotes(const json& value)
{
  std::vector<std::string> sites;
  for (const auto& remote : value) {
    if (!remote.is_number_unsigned()) {
      throw bad_order("`remotes` is no list of site numbers");
    }
    sites.push_back(std::to_string(remote.get<std::uint64_t>()));
  }
  return sites;
}

void read_member(const std::string& name, const json& value, SyncOrder& order)
{
  constexpr std::int64_t k_longest = 604'800;  // a week
  const std::vector<std::string> known{"cmd", "remotes", "mode", "policy", "deadline_s"};
  if (name == "cmd" && value == "sync") {
    return;
  }
  if (name == "remotes" && value.is_array()) {
    order.sites = read_remotes(value);
  } else if (name == "mode" && (value == "plan" || value == "apply")) {
    order.is_plan = value == "plan";
  } else if (name == "policy" &&
             (value == "strict" || value == "quarantine" || value == "compat")) {
    order.policy = value.get<std::string>();
  } else if (name == "deadline_s" && value.is_number_unsigned() && value > 0 &&
             value <= k_longest) {
    order.deadline = std::chrono::seconds{value.get<std::int64_t>()};
  } else if (std::find(known.begin(), known.end(), name) != known.end()) {
    throw bad_order(fmt::format("`{}` is not {}", name, value.dump()));
  } else {
    throw bad_order(fmt::format("`{}` is not known", name), did_you_mean(name, known));
  }
}

}  // namespace

SyncOrder parse_sync_order(std::string_view text)
{
  const auto value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("cmd")) {
    throw bad_order("it is no JSON object with a `cmd`");
  }
  SyncOrder order;
  for (const auto& [name, member] : value.items()) {
    read_member(name, member, order);
  }
  return order;
}

}  // namespace pecanctl::cli
