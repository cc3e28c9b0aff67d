// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/docker/types.hpp"
#include "core/engine/backend.hpp"

/// The engine's objects in our terms.
namespace pecanctl::engine {

/// The value of a label, or empty.
std::string label_of(const docker::Labels& labels, std::string_view key);
/// Exact label filters that select what belongs to `identity`, and nothing else.
std::vector<std::string> filters(const Identity& identity);
bool is_ours(const docker::Labels& labels, const Identity& identity);

State parse_state(std::string_view text);
Replica to_replica(const docker::ContainerSummary& summary);
Image to_image(std::string_view reference, const docker::Image& image);

}  // namespace pecanctl::engine
