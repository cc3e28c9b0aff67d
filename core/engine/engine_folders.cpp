// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/engine_folders.hpp"

#include <charconv>
#include <chrono>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/base/secret.hpp"
#include "core/base/text.hpp"

namespace pecanctl::engine {
namespace {

struct Owner {
  int uid = 0;
  int gid = 0;
};

Owner read_owner(const std::string& text)
{
  Owner owner;
  const auto fields = split(trim(text), ' ');
  if (fields.size() == 2) {
    std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), owner.uid);
    std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), owner.gid);
  }
  return owner;
}

// The folder that `path` lies in, as the container has it, and its own name.
std::pair<std::string, std::string> place_of(const std::string& path)
{
  const auto slash = path.rfind('/');
  return slash == std::string::npos
             ? std::pair{std::string{"/data"}, path}
             : std::pair{"/data/" + path.substr(0, slash), path.substr(slash + 1)};
}

void add_files(const NewFolder& folder, const std::string& name, Owner owner, std::int64_t now,
               std::vector<docker::ArchiveFile>& entries)
{
  std::set<std::string> inner{name + "/"};
  for (const auto& file : folder.files) {
    for (auto slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      inner.insert(fmt::format("{}/{}/", name, file.path.substr(0, slash)));
    }
  }
  for (const auto& path : inner) {
    entries.push_back(
        {.path = path, .mode = 0755, .uid = owner.uid, .gid = owner.gid, .modified = now});
  }
  for (const auto& file : folder.files) {
    entries.push_back({.path = fmt::format("{}/{}", name, file.path),
                       .content = file.content,
                       .mode = file.mode,
                       .uid = owner.uid,
                       .gid = owner.gid,
                       .modified = now});
  }
}

}  // namespace

void make_container_folders(const ContainerHands& hands, std::span<const NewFolder> folders)
{
  std::map<std::string, std::vector<const NewFolder*>> by_parent;
  for (const auto& folder : folders) {
    by_parent[place_of(folder.path).first].push_back(&folder);
  }
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  for (const auto& [parent, group] : by_parent) {
    const auto hidden = fmt::format("{}/.pecanctl-{}", parent, random_uuid());
    hands.run({"mkdir", "-p", "--", hidden});
    const auto owner = read_owner(hands.run({"stat", "-c", "%u %g", "--", hidden}));
    std::vector<docker::ArchiveFile> entries;
    std::vector<std::string> move{"mv", "-n", "--"};
    for (const auto* const folder : group) {
      const auto name = place_of(folder->path).second;
      add_files(*folder, name, owner, now, entries);
      move.push_back(fmt::format("{}/{}", hidden, name));
    }
    move.push_back(parent + "/");
    hands.put(hidden, entries);
    hands.run(move);
    hands.run({"rm", "-rf", "--", hidden});
  }
}

}  // namespace pecanctl::engine
