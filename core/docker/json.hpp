// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/docker/types.hpp"

/// Reads the engine's JSON. A member that is missing, null or of another type reads as its default:
/// engines of ten years differ in what they leave out.
namespace pecanctl::docker {

using Json = nlohmann::json;

/// @throws Error failed: `text` is not JSON, or nested deeper than 64.
Json parse_json(std::string_view text);
/// The same, and @throws also when it is no array or no object. Elements that are no objects are
/// left out.
std::vector<Json> parse_list(std::string_view text);
Json parse_object(std::string_view text);
/// On one line; bytes that are not UTF-8 are replaced.
std::string dump_json(const Json& json);

/// The member `key` of an object, or nullptr.
const Json* find_member(const Json& json, std::string_view key);
std::string text_of(const Json& json, std::string_view key);
/// Whole numbers only; negative ones read as 0 here.
std::uint64_t count_of(const Json& json, std::string_view key);
int number_of(const Json& json, std::string_view key);
bool flag_of(const Json& json, std::string_view key);
std::vector<std::string> texts_of(const Json& json, std::string_view key);
Labels labels_of(const Json& json, std::string_view key);
/// Calls `use` for each element of the array `key`.
void for_each_of(const Json& json, std::string_view key,
                 const std::function<void(const Json&)>& use);
/// Calls `use` for each member of the object `key`.
void for_each_member_of(const Json& json, std::string_view key,
                        const std::function<void(const std::string&, const Json&)>& use);

}  // namespace pecanctl::docker
