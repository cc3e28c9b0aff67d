// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/node.hpp"

namespace pecanctl::config {

/// Values of a map that a Schema has checked. Absent, empty or mistaken ones (reported already) are
/// nothing.
std::optional<std::string> find_text(const Node& map, std::string_view name);
std::string text_or(const Node& map, std::string_view name, std::string_view fallback = {});
std::optional<std::int64_t> find_integer(const Node& map, std::string_view name);
std::optional<double> find_number(const Node& map, std::string_view name);
std::optional<bool> find_boolean(const Node& map, std::string_view name);
std::optional<std::uint64_t> find_size(const Node& map, std::string_view name);
std::optional<std::chrono::milliseconds> find_duration(const Node& map, std::string_view name);
std::vector<std::string> list_texts(const Node& map, std::string_view name);

/// The child of `map` with this name when it is a map itself, else an empty one.
const Node& map_or_empty(const Node& map, std::string_view name);

}  // namespace pecanctl::config
