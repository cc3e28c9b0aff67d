// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/json.hpp"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::docker {
namespace {

constexpr int k_deepest = 64;

Error unreadable(std::string why)
{
  return Error{
      {.code = ErrorCode::failed, .what = "cannot read Docker's answer", .why = std::move(why)}};
}

}  // namespace

Json parse_json(std::string_view text)
{
  const auto guard = [](int depth, Json::parse_event_t event, Json& /*parsed*/) {
    using Event = Json::parse_event_t;
    if (depth >= k_deepest && (event == Event::object_start || event == Event::array_start)) {
      throw unreadable("the JSON is nested deeper than 64 levels");
    }
    return true;
  };
  try {
    return Json::parse(text, guard);
  } catch (const Json::exception& error) {
    throw unreadable(escape_control(error.what()));
  }
}

std::vector<Json> parse_list(std::string_view text)
{
  const auto json = parse_json(text);
  if (!json.is_array()) {
    throw unreadable("it is no list");
  }
  std::vector<Json> objects;
  std::ranges::copy_if(json, std::back_inserter(objects),
                       [](const Json& row) { return row.is_object(); });
  return objects;
}

Json parse_object(std::string_view text)
{
  auto json = parse_json(text);
  if (!json.is_object()) {
    throw unreadable("it is no object");
  }
  return json;
}

std::string dump_json(const Json& json)
{
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const Json* find_member(const Json& json, std::string_view key)
{
  if (!json.is_object()) {
    return nullptr;
  }
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string text_of(const Json& json, std::string_view key)
{
  const auto* const member = find_member(json, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string{};
}

std::uint64_t count_of(const Json& json, std::string_view key)
{
  const auto* const member = find_member(json, key);
  return member != nullptr && member->is_number_unsigned() ? member->get<std::uint64_t>() : 0;
}

int number_of(const Json& json, std::string_view key)
{
  const auto* const member = find_member(json, key);
  if (member == nullptr || !member->is_number_integer()) {
    return 0;
  }
  using Limits = std::numeric_limits<int>;
  return static_cast<int>(
      std::clamp<std::int64_t>(member->get<std::int64_t>(), Limits::min(), Limits::max()));
}

bool flag_of(const Json& json, std::string_view key)
{
  const auto* const member = find_member(json, key);
  return member != nullptr && member->is_boolean() && member->get<bool>();
}

void for_each_of(const Json& json, std::string_view key,
                 const std::function<void(const Json&)>& use)
{
  const auto* const member = find_member(json, key);
  if (member != nullptr && member->is_array()) {
    std::ranges::for_each(*member, use);
  }
}

void for_each_member_of(const Json& json, std::string_view key,
                        const std::function<void(const std::string&, const Json&)>& use)
{
  const auto* const member = find_member(json, key);
  if (member != nullptr && member->is_object()) {
    for (const auto& [name, value] : member->items()) {
      use(name, value);
    }
  }
}

std::vector<std::string> texts_of(const Json& json, std::string_view key)
{
  std::vector<std::string> texts;
  for_each_of(json, key, [&](const Json& element) {
    if (element.is_string()) {
      texts.push_back(element.get<std::string>());
    }
  });
  return texts;
}

Labels labels_of(const Json& json, std::string_view key)
{
  Labels labels;
  for_each_member_of(json, key, [&](const std::string& name, const Json& value) {
    labels[name] = value.is_string() ? value.get<std::string>() : std::string{};
  });
  return labels;
}

}  // namespace pecanctl::docker
