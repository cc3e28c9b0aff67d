// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/docker_volumes.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/engine/container_config.hpp"
#include "core/engine/docker_objects.hpp"
#include "core/engine/labels.hpp"

namespace pecanctl::engine {
namespace {

namespace fs = std::filesystem;

// The helper's container is not started; this one ends it also when the work fails half-way.
class Helper {
 public:
  Helper(docker::Engine& engine, std::string id) : engine_{engine}, id_{std::move(id)} {}

  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  ~Helper()
  {
    try {
      engine_.remove_containers(std::vector{id_}, true, 1, Deadline::in(std::chrono::seconds{10}),
                                {});
    } catch (const Error&) {
      return;  // carries our labels: the next deploy removes it
    }
  }

 private:
  docker::Engine& engine_;
  std::string id_;
};

std::vector<std::string> find_helpers(docker::Engine& engine, const stack::Stack& stack,
                                      const std::string& name, const Deadline& deadline,
                                      const std::stop_token& stop)
{
  auto labels = filters({.instance = stack.name, .owner = stack.owner});
  labels.push_back(fmt::format("{}=helper", label::k_role));
  std::vector<std::string> ids;
  for (const auto& helper : engine.list_containers(labels, deadline, stop)) {
    if (helper.name == name) {
      ids.push_back(helper.id);
    }
  }
  return ids;
}

std::string helper_name(const std::string& volume)
{
  return volume + "-helper";
}

// Whether a volume of that name is there. One of somebody else is an error.
bool find_ours(docker::Engine& engine, const stack::Stack& stack, const std::string& name,
               const Deadline& deadline, const std::stop_token& stop)
{
  const auto volume = engine.find_volume(name, deadline, stop);
  if (!volume) {
    return false;
  }
  if (!is_ours(volume->labels, {.instance = stack.name, .owner = stack.owner})) {
    throw Error{
        {.code = ErrorCode::conflict,
         .what = fmt::format("cannot use volume {}", name),
         .why = "it exists and does not carry the labels of this instance",
         .hint = fmt::format("look at it with `docker volume inspect {}`; remove it when nobody "
                             "needs it, or choose another `name:` in pecan.yml",
                             name)}};
  }
  return true;
}

}  // namespace

void make_volume(docker::Engine& engine, const stack::Stack& stack, const std::string& name,
                 const docker::Labels& labels, const Deadline& deadline,
                 const std::stop_token& stop)
{
  // Creating an existing volume succeeds and changes nothing, whoever made it: so look whose it is.
  engine.create_volume(name, labels, deadline, stop);
  find_ours(engine, stack, name, deadline, stop);
}

void fill_volume(docker::Engine& engine, const stack::Stack& stack, const std::string& volume,
                 const docker::Labels& labels, std::span<const docker::ArchiveFile> entries,
                 const Image& helper, const Deadline& deadline, const std::stop_token& stop)
{
  const auto name = helper_name(volume);
  engine.remove_containers(find_helpers(engine, stack, name, deadline, stop), true, 1, deadline,
                           stop);
  const std::vector<docker::Engine::CreateRequest> requests{
      {.name = name, .config = render_helper_config(stack, volume, labels, helper)}};
  const auto created = engine.create_containers(requests, 1, deadline, stop);
  if (created.front().error) {
    throw *created.front().error;
  }
  const Helper container{engine, created.front().id};
  failpoint("volume.helper");
  engine.put_archive(created.front().id, k_helper_folder, entries, deadline, stop);
  failpoint("volume.filled");
}

bool is_filled(docker::Engine& engine, const stack::Stack& stack, const std::string& volume,
               const Deadline& deadline, const std::stop_token& stop)
{
  return find_ours(engine, stack, volume, deadline, stop) &&
         find_helpers(engine, stack, helper_name(volume), deadline, stop).empty();
}

void make_host_folders(const stack::Volume& volume)
{
  std::vector<fs::path> folders{volume.host_path};
  for (const auto& folder : volume.folders) {
    folders.push_back(fs::path{volume.host_path} / folder);
  }
  for (const auto& folder : folders) {
    std::error_code error;
    const bool is_new = fs::create_directories(folder, error);
    if (error) {
      throw system_error(fmt::format("cannot make folder {}", folder.string()), error.value());
    }
    if (is_new && ::geteuid() == 0 &&
        ::chown(folder.c_str(), static_cast<uid_t>(volume.uid), static_cast<gid_t>(volume.gid)) !=
            0) {
      throw system_error(
          fmt::format("cannot give folder {} to {}:{}", folder.string(), volume.uid, volume.gid),
          errno);
    }
  }
}

}  // namespace pecanctl::engine
