// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/docker_files.hpp"

#include <set>

#include "core/base/failpoint.hpp"

namespace pecanctl::engine {

std::vector<docker::ArchiveFile> files_in(const stack::Service& service, std::string_view folder)
{
  std::vector<docker::ArchiveFile> entries;
  for (const auto& file : service.files) {
    if (file.folder == folder) {
      entries.push_back({.path = file.name,
                         .content = file.content.reveal(),
                         .mode = file.mode,
                         .uid = file.uid,
                         .gid = file.gid});
    }
  }
  return entries;
}

Created place_files(docker::Engine& engine, const stack::Service& service, const std::string& id,
                    const Deadline& deadline, const std::stop_token& stop)
{
  std::set<std::string> folders;
  for (const auto& file : service.files) {
    folders.insert(file.folder);
  }
  folders.erase("");
  try {
    for (const auto& folder : folders) {
      engine.put_archive(id, folder, files_in(service, folder), deadline, stop);
      failpoint("deploy.placed");
    }
  } catch (const Error& error) {
    engine.remove_containers(std::vector{id}, true, 1, deadline, stop);
    return {.error = error};
  }
  return {.id = id};
}

}  // namespace pecanctl::engine
