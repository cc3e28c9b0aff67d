// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/project/instance_file.hpp"

/// Parts of reading a pecan.yml that was checked against its table of keys: what the table cannot
/// say is reported.
namespace pecanctl::project {

/// `memory` and `cpus` of a service or model.
void read_limits(const config::Node& node, config::Diagnostics& diagnostics,
                 std::optional<std::uint64_t>& memory, std::optional<double>& cpus);

/// `services`
void read_services(const config::Node& root, const Catalogue& catalogue,
                   config::Diagnostics& diagnostics, InstanceFile& file);

/// `http` (but for its host) and `hosts`
void read_web(const config::Node& root, config::Diagnostics& diagnostics, InstanceFile& file);

}  // namespace pecanctl::project
