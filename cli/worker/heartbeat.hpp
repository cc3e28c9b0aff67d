// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/worker/config.hpp"

namespace pecanctl::worker {

inline constexpr std::chrono::seconds k_heartbeat_interval{5};
inline constexpr std::string_view k_models_exchange = "models";

/// What PEcAn's monitor wants to hear of a worker: {"id", "hostname", "queue", "model_info"}, as
/// model.py says it. `id` stays the same while the process lives.
std::string render_heartbeat(std::string_view id, std::string_view hostname,
                             const ModelInfo& model);

/// This machine's name, in a container its short id.
std::string find_hostname();

}  // namespace pecanctl::worker
