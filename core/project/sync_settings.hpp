// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/config/diagnostics.hpp"
#include "core/config/node.hpp"
#include "core/project/instance_file.hpp"

// Private to this folder.
namespace pecanctl::project {

/// What `sync` says of the sites to pull from; files are relative to `folder`. Mistakes go to
/// `diagnostics`.
SyncSettings read_sync_settings(const config::Node& root, const std::filesystem::path& folder,
                                config::Diagnostics& diagnostics);

}  // namespace pecanctl::project
