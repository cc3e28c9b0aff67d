// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::engine {

/// Those of a service's files that stand in `folder` of its containers; "": those in its volume.
std::vector<docker::ArchiveFile> files_in(const stack::Service& service,
                                          std::string_view folder = {});

/// Puts the files that are part of the container into it; it was not started yet. When that fails
/// the container is removed, and the reason returned.
Created place_files(docker::Engine& engine, const stack::Service& service, const std::string& id,
                    const Deadline& deadline, const std::stop_token& stop);

}  // namespace pecanctl::engine
