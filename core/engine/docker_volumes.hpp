// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::engine {

/// Makes an engine volume with `labels`, or finds ours. @throws Error conflict when it is somebody
/// else's.
void make_volume(docker::Engine& engine, const stack::Stack& stack, const std::string& name,
                 const docker::Labels& labels, const Deadline& deadline,
                 const std::stop_token& stop);

/// Writes `entries` into an engine volume through a container of image `helper` that is never
/// started: it lends its mount, which makes the volume with `labels` when it is not there, and the
/// engine writes. An interrupted earlier one is removed first.
void fill_volume(docker::Engine& engine, const stack::Stack& stack, const std::string& volume,
                 const docker::Labels& labels, std::span<const docker::ArchiveFile> entries,
                 const Image& helper, const Deadline& deadline, const std::stop_token& stop);

/// Whether a volume of ours is there and was filled to the end: its helper is gone.
/// @throws Error conflict when it is somebody else's.
bool is_filled(docker::Engine& engine, const stack::Stack& stack, const std::string& volume,
               const Deadline& deadline, const std::stop_token& stop);

/// Makes a host folder and the folders in it. Those it makes belong to the volume's user when we
/// are root; those that were there stay as they are.
void make_host_folders(const stack::Volume& volume);

}  // namespace pecanctl::engine
