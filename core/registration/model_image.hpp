// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::registration {

/// The text of /work/model.json in an image that is here, read out of a container that never
/// starts. It carries the labels of `identity`; one that a killed command left is removed first.
/// @throws Error not_found: no such image, or no such file in it
std::string read_model_json(docker::Engine& engine, const std::string& image,
                            const engine::Identity& identity, const Deadline& deadline,
                            const std::stop_token& stop);

}  // namespace pecanctl::registration
