// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

/// Labels on everything we make. They are the truth about an instance: see DESIGN section 5.
namespace pecanctl::engine::label {

inline constexpr std::string_view k_instance = "org.pecanproject.pecanctl.instance";
inline constexpr std::string_view k_owner = "org.pecanproject.pecanctl.owner";
inline constexpr std::string_view k_service = "org.pecanproject.pecanctl.service";
inline constexpr std::string_view k_number = "org.pecanproject.pecanctl.number";
inline constexpr std::string_view k_revision = "org.pecanproject.pecanctl.revision";
inline constexpr std::string_view k_spec = "org.pecanproject.pecanctl.spec";
inline constexpr std::string_view k_file = "org.pecanproject.pecanctl.file";
inline constexpr std::string_view k_role =
    "org.pecanproject.pecanctl.role";  ///< service, worker, helper
inline constexpr std::string_view k_volume =
    "org.pecanproject.pecanctl.volume";                                       ///< key in the stack
inline constexpr std::string_view k_kind = "org.pecanproject.pecanctl.kind";  ///< data, files
inline constexpr std::string_view k_context = "org.pecanproject.pecanctl.context";
/// On images built from a repository. Source: OCI image specification, "Annotations".
inline constexpr std::string_view k_image_source = "org.opencontainers.image.source";
inline constexpr std::string_view k_image_revision = "org.opencontainers.image.revision";
/// On images: SIGTERM lets the worker finish its job.
inline constexpr std::string_view k_drain = "pecan.drain";

// So that `docker compose ps` and Portainer show the instance.
inline constexpr std::string_view k_compose_project = "com.docker.compose.project";
inline constexpr std::string_view k_compose_service = "com.docker.compose.service";
inline constexpr std::string_view k_compose_number = "com.docker.compose.container-number";

}  // namespace pecanctl::engine::label
