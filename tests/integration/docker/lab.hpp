// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/fd.hpp"
#include "core/docker/archive.hpp"
#include "core/docker/engine.hpp"
#include "tests/support/services.hpp"

namespace pecanctl::test {

/// The real engine, an image with busybox in it, and a label: what a case makes with it is removed
/// at the end, also when the case fails.
class DockerLab {
 public:
  DockerLab()
      : engine{http::make_curl_transport({.unix_socket = socket(), .base_url = "http://docker"})}
  {
    const auto busybox = read_file("/bin/busybox");
    const std::vector<docker::ArchiveFile> files{
        {.path = "bin/", .mode = 0755},
        {.path = "bin/busybox", .content = busybox, .mode = 0755},
        {.path = "bin/sh", .content = busybox, .mode = 0755},
        {.path = "tmp/", .mode = 01777}};
    engine.import_image(image, source_of(docker::write_tar(files)), soon(), {});
  }

  DockerLab(const DockerLab&) = delete;
  DockerLab& operator=(const DockerLab&) = delete;

  ~DockerLab()
  {
    try {
      clean();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "cannot clean up after %s: %s\n", name.c_str(), error.what());
    }
  }

  static Deadline soon() { return Deadline::in(std::chrono::seconds{60}); }

  static std::string socket()
  {
    const auto value = service("PECANCTL_TEST_DOCKER");
    constexpr std::string_view k_scheme = "unix://";
    return value.starts_with(k_scheme) ? value.substr(k_scheme.size()) : value;
  }

  /// All of `text` as one upload.
  static http::BodySource source_of(std::string text)
  {
    const auto rest = std::make_shared<std::pair<std::string, bool>>(std::move(text), false);
    return [rest] {
      return std::exchange(rest->second, true) ? std::string_view{} : std::string_view{rest->first};
    };
  }

  docker::Labels labels() const { return {{"org.pecanproject.pecanctl.test", name}}; }

  std::vector<std::string> filter() const { return {"org.pecanproject.pecanctl.test=" + name}; }

  /// The request for a container that runs `script` in a shell; `extra` is merged into its
  /// configuration.
  docker::Engine::CreateRequest request(
      const std::string& suffix, const std::string& script,
      const nlohmann::json& extra = nlohmann::json::object()) const
  {
    nlohmann::json config{{"Image", image},
                          {"Cmd", {"/bin/sh", "-c", script}},
                          {"Labels", labels()},
                          {"StopTimeout", 1},
                          {"HostConfig", {{"NetworkMode", "none"}}}};
    config.merge_patch(extra);
    return {.name = name + "-" + suffix, .config = config.dump()};
  }

  std::string create(const std::string& suffix, const std::string& script,
                     const nlohmann::json& extra = nlohmann::json::object())
  {
    const auto wanted = request(suffix, script, extra);
    auto created = engine.create_containers({&wanted, 1}, 1, soon(), {}).front();
    if (created.error) {
      throw *created.error;
    }
    return created.id;
  }

  std::string run(const std::string& suffix, const std::string& script,
                  const nlohmann::json& extra = nlohmann::json::object())
  {
    auto id = create(suffix, script, extra);
    const auto started = engine.start_containers({&id, 1}, 1, {}, soon(), {}).front();
    if (started) {
      throw *started;
    }
    return id;
  }

  std::string name = fresh_name();
  std::string image = name + ":1";
  docker::Engine engine;

 private:
  void clean()
  {
    std::vector<std::string> ids;
    for (const auto& container : engine.list_containers(filter(), soon(), {})) {
      ids.push_back(container.id);
    }
    engine.remove_containers(ids, true, 8, soon(), {});
    for (const auto& network : engine.list_networks(filter(), soon(), {})) {
      engine.remove_network(network.id, soon(), {});
    }
    for (const auto& volume : engine.list_volumes(filter(), soon(), {})) {
      engine.remove_volume(volume.name, soon(), {});
    }
    engine.remove_image(name + "-built:1", soon(), {});
    engine.remove_image(image, soon(), {});
  }
};

/// The shell command that waits for ever and ends at once on SIGTERM.
inline constexpr const char* k_wait_for_ever = "trap 'exit 0' TERM; busybox sleep 3600 & wait";

}  // namespace pecanctl::test
