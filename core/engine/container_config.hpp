// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "core/docker/types.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::engine {

inline constexpr std::string_view k_files_folder = "/run/pecanctl";
/// Where a helper mounts the volume that is written through it.
inline constexpr std::string_view k_helper_folder = "/volume";

/// Whether some of its files are in that volume; the others are part of its containers.
bool has_mounted_files(const stack::Service& service);
/// "<instance>-<service>-files-<digest>", the volume behind `k_files_folder`. The digest is of the
/// files, salted with the owner: containers of another version keep theirs.
std::string files_volume_name(const stack::Stack& stack, const stack::Service& service);
/// "<instance>-<key>"
std::string data_volume_name(std::string_view instance, std::string_view key);

/// The labels that every object of an instance carries.
docker::Labels base_labels(const stack::Stack& stack);
/// The spec a container of this order carries: what was asked for, with the image that was found
/// for it.
std::string spec_of(const stack::Stack& stack, const ReplicaOrder& order);

/// Body of `POST /containers/create`. Every container of ours drops all capabilities but those
/// given back, gains no privileges, and has limits and log rotation. An engine before API 1.44
/// knows one interval between health checks: it gets the shorter. Source: Docker Engine API 1.41
/// and 1.44, ContainerCreate.
std::string render_container_config(const stack::Stack& stack, int revision,
                                    const ReplicaOrder& order, docker::ApiVersion api);

/// The same for a container that runs once and is removed: never restarted, and labelled as what an
/// interrupted command may leave behind.
std::string render_job_config(const stack::Stack& stack, const stack::Service& job,
                              const Image& image);

/// The same for a container that is never started and only lends its mount of `volume`, which gets
/// `volume_labels` when it does not exist.
std::string render_helper_config(const stack::Stack& stack, const std::string& volume,
                                 const docker::Labels& volume_labels, const Image& image);

}  // namespace pecanctl::engine
