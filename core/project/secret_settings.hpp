// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/project/instance_file.hpp"

namespace pecanctl::project {

/// `secrets`, of a checked tree; what the table of keys cannot say is reported. The profile of
/// `file` is known.
void read_secret_settings(const config::Node& root, config::Diagnostics& diagnostics,
                          InstanceFile& file);

}  // namespace pecanctl::project
