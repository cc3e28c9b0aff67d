// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/docker/types.hpp"
#include "core/engine/data_access.hpp"

namespace pecanctl::engine {

/// The means by which a container's files are changed.
struct ContainerHands {
  /// Runs a program of the image; returns what it printed. @throws Error denied when it fails.
  std::function<std::string(const std::vector<std::string>& command)> run;
  /// Unpacks files into a folder.
  std::function<void(const std::string& folder, std::span<const docker::ArchiveFile>)> put;
};

/// Makes `folders`, none of which is there, in the container that `hands` work on: unpacked under a
/// hidden name beside them, then moved.
void make_container_folders(const ContainerHands& hands, std::span<const NewFolder> folders);

}  // namespace pecanctl::engine
